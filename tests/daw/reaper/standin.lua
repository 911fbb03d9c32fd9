-- REAPER as far as our script sees it: a project with tracks, items, takes and MIDI events, undo, the
-- window, and time that goes on between two ticks. Every call is checked: name, number and types of
-- its arguments. Whatever would block REAPER's window is an error.
--
-- Above each function stands its signature in the ReaScript API for Lua. NAME is documented at
-- https://www.reaper.fm/sdk/reascript/reascripthelp.html#NAME (REAPER 7.60); the gfx functions and variables at
-- ...reascripthelp.html#lua_gfx.

local standin = { undo = {}, strays = {}, ext = {}, queue = {}, texts = {}, started = {} }

local PPQ = 960 -- REAPER's default for MIDI that was made in a project
local run_command = os.execute
local blocked = function() error("this would block REAPER's window", 2) end
os.execute, io.popen, os.exit = blocked, blocked, blocked

local project
local is_in_undo_block = false

-- The tempo map: {qn, bpm, numerator, denominator}, sorted, the first at 0.
local function segment_at(qn)
  local found = project.tempo[1]
  for _, one in ipairs(project.tempo) do
    if one.qn <= qn then found = one end
  end
  return found
end

local function time_of(qn)
  local time = 0
  for i, one in ipairs(project.tempo) do
    local next_one = project.tempo[i + 1]
    local stop = next_one and math.min(next_one.qn, qn) or qn
    if stop > one.qn then time = time + (stop - one.qn) * 60 / one.bpm end
  end
  return time
end

local function qn_of(time)
  for i, one in ipairs(project.tempo) do
    local next_one = project.tempo[i + 1]
    if not next_one or time < time_of(next_one.qn) then
      return one.qn + (time - time_of(one.qn)) * one.bpm / 60
    end
  end
end

local function measure_at(qn)
  local measure = 0
  for i, one in ipairs(project.tempo) do
    local length = one.numerator * 4 / one.denominator
    local next_one = project.tempo[i + 1]
    if not next_one or qn < next_one.qn then
      local n = math.floor((qn - one.qn) / length)
      return measure + n + 1, one.qn + n * length, one.qn + (n + 1) * length
    end
    measure = measure + math.ceil((next_one.qn - one.qn) / length)
  end
end

local function items()
  local list = {}
  for _, track in ipairs(project.tracks) do
    for _, item in ipairs(track.items) do list[#list + 1] = item end
  end
  return list
end

local function end_marker(item)
  local ticks = math.floor((item.to - item.from) * PPQ + 0.5)
  return string.pack("<i4Bs4", ticks, 0, "\xB0\x7B\x00")
end

local function new_item(track, from, to)
  local item = { kind = "MediaItem", track = track, from = from, to = to, takes = {}, is_selected = false }
  local source = { buffer = end_marker(item) }
  item.takes[1] = { kind = "MediaItem_Take", item = item, name = "", source = source }
  item.active = item.takes[1]
  table.insert(track.items, item)
  return item
end

-- Everything that may change, as text: equal texts are equal projects.
local function snapshot()
  local lines = {}
  for _, track in ipairs(project.tracks) do
    lines[#lines + 1] = "track " .. track.name
    for _, item in ipairs(track.items) do
      lines[#lines + 1] = string.format("item %.9f %.9f", item.from, item.to)
      for _, take in ipairs(item.takes) do
        local mark = take == item.active and "*" or ""
        lines[#lines + 1] = "take" .. mark .. " " .. take.name .. " " .. take.source.buffer
      end
    end
  end
  return table.concat(lines, "\n")
end

local function selected()
  local list = {}
  for _, item in ipairs(items()) do
    if item.is_selected then list[#list + 1] = item end
  end
  return list
end

local ACTIONS = {
  [40639] = function() -- Take: Duplicate active take
    for _, item in ipairs(selected()) do
      local copy = { kind = "MediaItem_Take", item = item, name = item.active.name }
      -- With "pool MIDI source data when duplicating" on, both takes share one source.
      copy.source = project.pools and item.active.source or { buffer = item.active.source.buffer }
      table.insert(item.takes, copy)
    end
  end,
  [41613] = function() -- Item: Remove active take from MIDI source data pool
    for _, item in ipairs(selected()) do
      item.active.source = { buffer = item.active.source.buffer }
    end
  end,
}

local api = {}

-- The types of the arguments: P project, T track, I item, K take, i integer, n number,
-- b boolean, s string, f function, x any pointer; a small o before a letter: may be left out.
local function define(name, types, body) api[name] = { types = types, body = body } end

-- CountMediaItems(ReaProject proj) -> integer
define("CountMediaItems", "P", function() return #items() end)
-- CountSelectedMediaItems(ReaProject proj) -> integer
define("CountSelectedMediaItems", "P", function() return #selected() end)
-- CountSelectedTracks(ReaProject proj) -> integer
define("CountSelectedTracks", "P", function()
  local n = 0
  for _, track in ipairs(project.tracks) do n = n + (track.is_selected and 1 or 0) end
  return n
end)
-- CountTakes(MediaItem item) -> integer
define("CountTakes", "I", function(item) return #item.takes end)
-- CreateNewMIDIItemInProj(MediaTrack track, number starttime, number endtime, optional boolean qnIn) -> MediaItem
define("CreateNewMIDIItemInProj", "Tnnob", function(track, from, to, in_qn)
  return new_item(track, in_qn and from or qn_of(from), in_qn and to or qn_of(to))
end)
-- ExecProcess(string cmdline, integer timeoutmsec) -> string
define("ExecProcess", "si", function(command, timeout)
  if timeout >= 0 then error("ExecProcess waits for the command", 3) end
  standin.started[#standin.started + 1] = command
  run_command(command .. " </dev/null >/dev/null 2>&1 &")
  return "0"
end)
-- GetActiveTake(MediaItem item) -> MediaItem_Take
define("GetActiveTake", "I", function(item) return item.active end)
-- GetExtState(string section, string key) -> string
define("GetExtState", "ss", function(section, key) return standin.ext[section .. "/" .. key] or "" end)
-- GetMediaItem(ReaProject proj, integer itemidx) -> MediaItem
define("GetMediaItem", "Pi", function(_, i) return items()[i + 1] end)
-- GetMediaItemInfo_Value(MediaItem item, string parmname) -> number
define("GetMediaItemInfo_Value", "Is", function(item, name)
  if name == "D_POSITION" then return time_of(item.from) end
  if name == "D_LENGTH" then return time_of(item.to) - time_of(item.from) end
  error("no such value of an item: " .. name, 3)
end)
-- GetMediaItemTake(MediaItem item, integer tk) -> MediaItem_Take
define("GetMediaItemTake", "Ii", function(item, i) return item.takes[i + 1] end)
-- GetMediaItem_Track(MediaItem item) -> MediaTrack
define("GetMediaItem_Track", "I", function(item) return item.track end)
-- GetMediaTrackInfo_Value(MediaTrack tr, string parmname) -> number
define("GetMediaTrackInfo_Value", "Ts", function(track, name)
  if name ~= "IP_TRACKNUMBER" then error("no such value of a track: " .. name, 3) end
  for i, one in ipairs(project.tracks) do
    if one == track then return i + 0.0 end
  end
end)
-- GetOS() -> string
define("GetOS", "", function() return "Other" end)
-- GetSelectedMediaItem(ReaProject proj, integer selitem) -> MediaItem
define("GetSelectedMediaItem", "Pi", function(_, i) return selected()[i + 1] end)
-- GetSetMediaItemTakeInfo_String(MediaItem_Take tk, string parmname, string value, boolean set) -> boolean, string
define("GetSetMediaItemTakeInfo_String", "Kssb", function(take, name, value, sets)
  assert(name == "P_NAME")
  if sets then take.name = value end
  return true, take.name
end)
-- GetSetMediaTrackInfo_String(MediaTrack tr, string parmname, string value, boolean set) -> boolean, string
define("GetSetMediaTrackInfo_String", "Tssb", function(track, name, value, sets)
  assert(name == "P_NAME")
  if sets then track.name = value end
  return true, track.name
end)
-- GetSet_LoopTimeRange(boolean isSet, boolean isLoop, number start, number end, boolean allowautoseek) -> number, number
define("GetSet_LoopTimeRange", "bbnnb", function(sets)
  assert(not sets, "the user's time selection is the user's")
  if not project.range then return 0.0, 0.0 end
  return time_of(project.range[1]), time_of(project.range[2])
end)
-- GetTrack(ReaProject proj, integer trackidx) -> MediaTrack
define("GetTrack", "Pi", function(_, i) return project.tracks[i + 1] end)
-- InsertTrackAtIndex(integer idx, boolean wantDefaults)
define("InsertTrackAtIndex", "ib", function(i)
  table.insert(project.tracks, i + 1, { kind = "MediaTrack", name = "", items = {} })
end)
-- IsMediaItemSelected(MediaItem item) -> boolean
define("IsMediaItemSelected", "I", function(item) return item.is_selected end)
-- IsTrackSelected(MediaTrack track) -> boolean
define("IsTrackSelected", "T", function(track) return track.is_selected or false end)
-- MIDI_GetAllEvts(MediaItem_Take take, string buf) -> boolean, string
define("MIDI_GetAllEvts", "Ks", function(take) return true, take.source.buffer end)
-- MIDI_GetPPQPosFromProjQN(MediaItem_Take take, number projqn) -> number
define("MIDI_GetPPQPosFromProjQN", "Kn", function(take, qn) return (qn - take.item.from) * PPQ end)
-- MIDI_GetProjQNFromPPQPos(MediaItem_Take take, number ppqpos) -> number
define("MIDI_GetProjQNFromPPQPos", "Kn", function(take, ppq) return take.item.from + ppq / PPQ end)
-- MIDI_SetAllEvts(MediaItem_Take take, string buf) -> boolean
define("MIDI_SetAllEvts", "Ks", function(take, buffer)
  local at = 1
  while at <= #buffer do
    local offset, flag, message
    offset, flag, message, at = string.unpack("<i4Bs4", buffer, at)
    assert(offset >= 0 and flag <= 3 and #message > 0, "events out of order, or empty")
  end
  take.source.buffer = buffer
  return true
end)
-- Main_OnCommand(integer command, integer flag)
define("Main_OnCommand", "ii", function(command, flag)
  assert(flag == 0)
  local action = ACTIONS[command] or error("no such action: " .. command, 3)
  action()
end)
-- PreventUIRefresh(integer prevent_count)
define("PreventUIRefresh", "i", function(n) standin.held = (standin.held or 0) + n end)
-- RecursiveCreateDirectory(string path, integer ignored) -> integer
define("RecursiveCreateDirectory", "si", function(path) return run_command("mkdir -p '" .. path .. "'") and 1 end)
-- SelectAllMediaItems(ReaProject proj, boolean selected)
define("SelectAllMediaItems", "Pb", function(_, is_selected)
  for _, item in ipairs(items()) do item.is_selected = is_selected end
end)
-- SetActiveTake(MediaItem_Take take)
define("SetActiveTake", "K", function(take) take.item.active = take end)
-- SetExtState(string section, string key, string value, boolean persist)
define("SetExtState", "sssb", function(section, key, value) standin.ext[section .. "/" .. key] = value end)
-- SetMediaItemSelected(MediaItem item, boolean selected)
define("SetMediaItemSelected", "Ib", function(item, is_selected) item.is_selected = is_selected end)
-- TakeIsMIDI(MediaItem_Take take) -> boolean
define("TakeIsMIDI", "K", function() return true end)
-- TimeMap2_QNToTime(ReaProject proj, number qn) -> number
define("TimeMap2_QNToTime", "Pn", function(_, qn) return time_of(qn) end)
-- TimeMap2_timeToQN(ReaProject proj, number tpos) -> number
define("TimeMap2_timeToQN", "Pn", function(_, time) return qn_of(time) end)
-- TimeMap_GetTimeSigAtTime(ReaProject proj, number time) -> number, number, number
define("TimeMap_GetTimeSigAtTime", "Pn", function(_, time)
  local one = segment_at(qn_of(time))
  return one.numerator + 0.0, one.denominator + 0.0, one.bpm
end)
-- TimeMap_QNToMeasures(ReaProject proj, number qn) -> integer, number, number
define("TimeMap_QNToMeasures", "Pn", function(_, qn) return measure_at(qn) end)
-- Undo_BeginBlock2(ReaProject proj)
define("Undo_BeginBlock2", "P", function()
  assert(not is_in_undo_block, "an undo block within another")
  is_in_undo_block, standin.before_block = true, snapshot()
end)
-- Undo_EndBlock2(ReaProject proj, string descchange, integer extraflags)
define("Undo_EndBlock2", "Psi", function(_, name)
  assert(is_in_undo_block, "an undo block ends that has not begun")
  is_in_undo_block = false
  table.insert(standin.undo, { name = name, before = standin.before_block })
  standin.known = snapshot()
end)
-- UpdateArrange()
define("UpdateArrange", "", function() end)
-- ValidatePtr2(ReaProject proj, any pointer, string ctypename) -> boolean
define("ValidatePtr2", "Pxs", function(_, pointer, kind)
  for _, item in ipairs(items()) do
    if item == pointer then return kind == "MediaItem*" end
  end
  return false
end)
-- atexit(function)
define("atexit", "f", function() end)
-- defer(function)
define("defer", "f", function(f) table.insert(standin.queue, f) end)
-- time_precise() -> number
define("time_precise", "", function() return standin.time end)

local KINDS = { T = "MediaTrack", I = "MediaItem", K = "MediaItem_Take" }
local LUA_TYPES = { n = "number", b = "boolean", s = "string", f = "function" }

local function fits(kind, value)
  if kind == "P" then return value == 0 end
  if kind == "x" then return type(value) == "table" and value.kind ~= nil end
  if kind == "i" then return math.type(value) == "integer" end
  if KINDS[kind] then return type(value) == "table" and value.kind == KINDS[kind] end
  return type(value) == LUA_TYPES[kind]
end

local function check(name, types, arguments)
  local given = 0
  for kind in types:gmatch("o?%a") do
    given = given + 1
    local value = arguments[given]
    local optional = #kind == 2
    if not (optional and value == nil) and not fits(kind:sub(-1), value) then
      error(string.format("%s: argument %d must be %s, got %s", name, given, kind, tostring(value)), 3)
    end
  end
  if arguments.n > given then error(name .. ": too many arguments", 3) end
end

reaper = setmetatable({}, {
  __index = function(_, name)
    local one = api[name] or error("ReaScript has no function " .. tostring(name), 2)
    return function(...)
      check(name, one.types, table.pack(...))
      return one.body(...)
    end
  end,
})

local GFX = { init = "snnnnn", quit = "", update = "", getchar = "", set = "nnnn", rect = "nnnnb",
  drawstr = "s", setfont = "isn" }

gfx = { mouse_x = 0, mouse_y = 0, mouse_cap = 0, x = 0, y = 0 }
for name, types in pairs(GFX) do
  gfx[name] = function(...)
    check("gfx." .. name, types, table.pack(...))
    if name == "getchar" then return standin.is_closed and -1 or 0 end
    if name == "drawstr" then standin.texts[#standin.texts + 1] = { text = ..., x = gfx.x, y = gfx.y } end
  end
end

-- Opens a project: {tracks, tempo, range, pools}, items with from and to in quarter notes and events
-- as {ppq, flag, bytes}, in REAPER's own form but for the last, which marks the item's end.
function standin.open(given)
  project = { tracks = {}, tempo = given.tempo, range = given.range, pools = given.pools }
  for i, track in ipairs(given.tracks) do
    local new = { kind = "MediaTrack", name = track.name, items = {}, is_selected = track.selected or false }
    project.tracks[i] = new
    for _, one in ipairs(track.items) do
      local item = new_item(new, one.from, one.to)
      item.is_selected = one.selected or false
      local parts, before = {}, 0
      for k, event in ipairs(one.events) do
        parts[k] = string.pack("<i4Bs4", event[1] - before, event[2], event[3])
        before = event[1]
      end
      local last = math.floor((item.to - item.from) * PPQ + 0.5)
      parts[#parts + 1] = string.pack("<i4Bs4", last - before, 0, "\xB0\x7B\x00")
      item.active.source.buffer = table.concat(parts)
    end
  end
  standin.known = snapshot()
end

-- One tick of REAPER's window: runs what was deferred. Returns the instructions it took.
function standin.tick(seconds)
  standin.time = seconds
  local due, count = standin.queue, 0
  standin.queue, standin.texts = {}, {}
  debug.sethook(function() count = count + 1000 end, "", 1000)
  for _, f in ipairs(due) do f() end
  debug.sethook()
  assert(not is_in_undo_block, "an undo block is left open at the end of a tick")
  assert((standin.held or 0) == 0, "the window is left frozen at the end of a tick")
  if snapshot() ~= standin.known then error("the project has changed outside of an undo block") end
  return count
end

-- Puts the mouse on a text of the window.
function standin.point_at(text)
  for _, one in ipairs(standin.texts) do
    if one.text == text then
      gfx.mouse_x, gfx.mouse_y = one.x + 1, one.y + 1
      return
    end
  end
  error("the window does not show " .. text)
end

function standin.shows(pattern)
  for _, one in ipairs(standin.texts) do
    if one.text:find(pattern) then return one.text end
  end
end

function standin.tracks() return project.tracks end

function standin.sleep() run_command("sleep 0.02") end

standin.snapshot = snapshot
return standin
