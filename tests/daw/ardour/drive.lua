-- ardour7-lua drive.lua: records a region in a real Ardour, writes notes into it, and plays the user of
-- our scripts. There is no editor without a window, so Editor, LuaDialog and LuaSignal stand here;
-- session, region, notes, tempo map and undo are Ardour's own. Scenario and result: files.

local function getenv(name) return assert(os.getenv(name), name) end
local scripts = getenv("DRIVE_SCRIPTS")
local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("a")
  file:close()
  return text
end
local json = assert(load(read(scripts .. "/lstm_music/json.lua")))()
local scenario = json.decode(read(getenv("DRIVE_SCENARIO")))

AudioEngine:set_backend("None (Dummy)", "", "")
assert(create_session(getenv("DRIVE_SESSION"), "t", 48000))
AudioEngine:start(false)
local midi = ARDOUR.ChanCount(ARDOUR.DataType("midi"), 1)
local tracks = Session:new_midi_track(midi, midi, true, ARDOUR.PluginInfo(), nil, nil, 1, "Lead",
  ARDOUR.PresentationInfo.max_order, ARDOUR.TrackMode.Normal, true)
local track = tracks:front():to_track()

-- One note of Ardour's own keyboard, recorded: that makes a region.
local keyboard
local _, found = Session:engine():get_ports(ARDOUR.DataType("midi"), ARDOUR.PortList())
for port in found[2]:iter() do
  if port:name() == "x-virtual-keyboard" then keyboard = port:to_asyncmidiport() end
end
track:input():nth(0):connect("x-virtual-keyboard")
track:rec_enable_control():set_value(1, PBD.GroupControlDisposition.NoGroup)
sleep(1)
Session:maybe_enable_record()
Session:request_roll(ARDOUR.TransportRequestSource.TRS_UI)
sleep(1)
local parser = ARDOUR.RawMidiParser()
for _, byte in ipairs({ 0x90, 40, 90, 0x80, 40, 0 }) do
  if parser:process_byte(byte) then
    keyboard:write(parser:midi_buffer(), parser:buffer_size(), 0)
    ARDOUR.LuaAPI.usleep(200000)
  end
end
Session:request_stop(false, false, ARDOUR.TransportRequestSource.TRS_UI)
sleep(1)
local region
for one in track:playlist():region_list():iter() do region = one end
local midi_region = region:to_midiregion()
local model = midi_region:model()

local function beats(ticks) return Temporal.Beats(ticks // 1920, ticks % 1920) end
local function ticks(value)
  local whole, rest = tostring(value):match("^(-?%d+):(%d+)$")
  return tonumber(whole) * 1920 + tonumber(rest)
end

region:set_length(Temporal.timecnt_t(scenario.bars * 4 * 24000), 0) -- samples, at 120 to the minute
local command = model:new_note_diff_command("the user's notes")
for note in ARDOUR.LuaAPI.note_list(model):iter() do command:remove(note) end
for _, note in ipairs(scenario.notes) do
  command:add(ARDOUR.LuaAPI.new_noteptr(note[1], beats(note[2]), beats(note[3]), note[4], note[5]))
end
model:apply_command(Session, command)

local function notes()
  local list = {}
  for note in ARDOUR.LuaAPI.note_list(model):iter() do
    list[#list + 1] = { note:channel(), ticks(note:time()), ticks(note:length()), note:note(), note:velocity() }
  end
  return list
end

-- What only a window has.
function ardour() end
local shown = {}
local list = { iter = function() return midi_region_list() end }
function midi_region_list()
  local done = false
  return function()
    if done then return nil end
    done = true
    return region
  end
end
Editor = { get_selection = function()
  return {
    regions = { regionlist = function() return list end },
    time = {
      start_sample = function() return scenario.range[1] end,
      end_sample = function() return scenario.range[2] end,
    },
  }
end }
LuaDialog = {
  MessageType = { Info = 0 }, ButtonType = { Close = 0 },
  Message = function(_, text) return { run = function() shown[#shown + 1] = text end } end,
  Dialog = function(_, rows)
    for _, row in ipairs(rows) do assert(row.type and row.key and row.title and row.default) end
    return { run = function() return scenario.settings end }
  end,
}
LuaSignal = { LuaTimerDS = 1, Set = function() return { add = function(_, map) return map end } end }

local function script(name)
  assert(load(read(scripts .. "/" .. name), name))()
  return factory()
end
local hook = script("lstm_music_hook.lua")
assert(signals()[LuaSignal.LuaTimerDS], "the hook must ask for the timer")
local results = {}
for i, one in ipairs(scenario.runs) do
  scenario.range, scenario.settings, shown = one.range, one.settings, {}
  local before = notes()
  script("lstm_music_action.lua")()
  local late = os.time() + 60
  while os.time() < late and #shown == 0 and json.encode(notes()) == json.encode(before) do
    hook()
    ARDOUR.LuaAPI.usleep(50000)
  end
  results[i] = { before = before, after = notes(), shown = shown }
end
Session:save_state("")
local file = assert(io.open(getenv("DRIVE_RESULT"), "wb"))
file:write(json.encode(results))
file:close()
close_session()
