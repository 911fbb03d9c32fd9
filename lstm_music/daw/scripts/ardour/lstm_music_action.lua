ardour {
  ["type"] = "EditorAction",
  name = "LSTM Music",
  license = "MIT",
  author = "lstm_music",
  description = [[Fills or varies the selected bars of a MIDI region. Asks the server and returns at once; the hook "LSTM Music: takes" puts in what comes. How to use it: examples/daw/ardour of lstm_music.]],
}

-- Ardour keeps the function alone, so all that it needs is inside.
function factory() return function()
  local folder = ARDOUR.LuaAPI.build_filename(ARDOUR.user_config_directory(-1), "scripts", "lstm_music")
  local function part(name)
    local file = assert(io.open(ARDOUR.LuaAPI.build_filename(folder, name), "rb"))
    local text = file:read("a")
    file:close()
    return assert(load(text, name))()
  end
  local json, Exchange, region = part("json.lua"), part("exchange.lua"), part("region.lua")

  local function say(text)
    LuaDialog.Message("LSTM Music", text, LuaDialog.MessageType.Info, LuaDialog.ButtonType.Close):run()
  end

  local chosen
  local selection = Editor:get_selection()
  for one in selection.regions:regionlist():iter() do
    local midi_region = one:to_midiregion()
    if not midi_region:isnil() then chosen = midi_region end
  end
  local range = { from = selection.time:start_sample(), to = selection.time:end_sample() }
  if not chosen then return say("Select a MIDI region first.") end
  if range.to <= range.from then return say("Select a range of bars over the region, too.") end

  local settings = LuaDialog.Dialog("LSTM Music", {
    { type = "dropdown", key = "task", title = "Task", values = { Infill = "infill", Vary = "vary" },
      default = "Infill" },
    { type = "number", key = "temperature", title = "Temperature", min = 0.3, max = 2.0, step = 0.1,
      digits = 1, default = 1.0 },
  }):run()
  if not settings then return end

  local ok, reason = pcall(function()
    local exchange = Exchange.new({
      json = json,
      now = function() return ARDOUR.LuaAPI.monotonic_time() / 1e6 end,
      make_folder = function() end, -- install-daw has made it
      is_windows = folder:find("\\") ~= nil,
      is_mac = folder:find("/Library/Preferences/") ~= nil,
    })
    local params, work = region.read(chosen, range, settings)
    local call = exchange:begin("complete", params)
    local file = assert(io.open(exchange.folder .. "/ardour.job", "wb"))
    file:write(json.encode({ call = call, work = work }), "\n")
    file:close()
  end)
  if not ok then say(tostring(reason)) end
end end
