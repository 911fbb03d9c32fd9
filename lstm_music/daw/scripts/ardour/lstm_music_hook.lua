ardour {
  ["type"] = "EditorHook",
  name = "LSTM Music: takes",
  license = "MIT",
  author = "lstm_music",
  description = [[Puts in what the server has composed for the action "LSTM Music". Looks ten times a second and never waits.]],
}

function signals() return LuaSignal.Set():add({ [LuaSignal.LuaTimerDS] = true }) end

-- Ardour keeps the function alone, so all that it needs is inside.
function factory()
  local folder = ARDOUR.LuaAPI.build_filename(ARDOUR.user_config_directory(-1), "scripts", "lstm_music")
  local function part(name)
    local file = assert(io.open(ARDOUR.LuaAPI.build_filename(folder, name), "rb"))
    local text = file:read("a")
    file:close()
    return assert(load(text, name))()
  end
  local json, Exchange, region = part("json.lua"), part("exchange.lua"), part("region.lua")
  local is_windows = folder:find("\\") ~= nil
  local exchange = Exchange.new({
    json = json,
    now = function() return ARDOUR.LuaAPI.monotonic_time() / 1e6 end,
    make_folder = function() end,
    start = function(command)
      os.execute(is_windows and 'start /b "" ' .. command or command .. " >/dev/null 2>&1 &")
    end,
    is_windows = is_windows,
    is_mac = folder:find("/Library/Preferences/") ~= nil,
  })
  local path = exchange.folder .. "/ardour.job"
  local job, takes

  local function say(text)
    LuaDialog.Message("LSTM Music", text, LuaDialog.MessageType.Info, LuaDialog.ButtonType.Close):run()
  end

  local function next_job()
    local file = io.open(path, "rb")
    if not file then return nil end
    local line = file:read("L")
    file:close()
    if not line or line:sub(-1) ~= "\n" then return nil end
    os.remove(path)
    takes = {}
    return json.decode(line)
  end

  local function hear(kind, data)
    if kind == "take" then
      takes[#takes + 1] = data
    elseif kind == "error" then
      job = nil
      say(data.message)
    elseif kind == "result" then
      local work = job.work
      job = nil
      local ok, reason = pcall(region.write, work, takes[1])
      if not ok then say(tostring(reason)) end
    end
  end

  return function()
    job = job or next_job()
    if not job then return end
    for _, news in ipairs(exchange:news(job.call)) do hear(news[1], news[2]) end
  end
end
