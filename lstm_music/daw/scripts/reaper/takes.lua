-- Puts the server's takes into REAPER's project: as takes of the items that were read, or into new
-- items where there is none. The takes that were there stay as they are.

local here = debug.getinfo(1, "S").source:match("^@(.*[/\\])") or ""
local events = dofile(here .. "events.lua")
local project = dofile(here .. "project.lua")

local takes = {}

local PROJECT = 0 -- the active one
local DRUM_CHANNEL = 9
local STEPS = 24 -- of a quarter note, the server's grid
local NEAR = 1e-6 -- quarter notes
local DUPLICATE_TAKE, UNPOOL_TAKE = 40639, 41613 -- actions

local function rounded(value) return math.floor(value + 0.5) end

-- A new track behind the last one that was read.
local function add_track(work, index, name)
  local last = work.tracks[#work.tracks].track
  local at = rounded(reaper.GetMediaTrackInfo_Value(last, "IP_TRACKNUMBER"))
  reaper.InsertTrackAtIndex(at, true)
  local track = reaper.GetTrack(PROJECT, at)
  reaper.GetSetMediaTrackInfo_String(track, "P_NAME", name, true)
  local channel = name == "drums" and DRUM_CHANNEL or 0
  work.tracks[index + 1] = { track = track, name = name, channel = channel, items = {} }
end

-- The item that holds a whole place; a new one where there is none.
local function item_of(work, place, names)
  if not work.tracks[place.track + 1] then
    add_track(work, place.track, names[place.track - work.n_given + 1] or "LSTM")
  end
  local track = work.tracks[place.track + 1]
  local from, to = work.start + place.start_quarters, work.start + place.end_quarters
  for _, one in ipairs(track.items) do
    if one.from <= from + NEAR and to <= one.to + NEAR then return one, track end
  end
  local starts, stops = reaper.TimeMap2_QNToTime(PROJECT, from), reaper.TimeMap2_QNToTime(PROJECT, to)
  local new = project.open_item(reaper.CreateNewMIDIItemInProj(track.track, starts, stops, false))
  new.is_empty = true
  table.insert(track.items, new)
  return new, track
end

local function takes_of(item)
  local list, known = {}, {}
  for i = 0, reaper.CountTakes(item) - 1 do
    list[i + 1] = reaper.GetMediaItemTake(item, i)
    known[list[i + 1]] = true
  end
  return list, known
end

-- A take to write in: the empty one of a new item, else a copy of the one that was read.
local function fresh_take(one)
  if one.is_empty then
    one.is_empty = false
    return one.take
  end
  local _, known = takes_of(one.item)
  reaper.SelectAllMediaItems(PROJECT, false)
  reaper.SetMediaItemSelected(one.item, true)
  reaper.SetActiveTake(one.take)
  reaper.Main_OnCommand(DUPLICATE_TAKE, 0)
  for _, take in ipairs((takes_of(one.item))) do
    if not known[take] then
      reaper.SetActiveTake(take)
      -- The copy may share its events with the original, which must stay as it is.
      reaper.Main_OnCommand(UNPOOL_TAKE, 0)
      return reaper.GetActiveTake(one.item)
    end
  end
  error("REAPER has not duplicated the take.", 0)
end

local function is_in(onset_steps, places)
  for _, place in ipairs(places) do
    local from, to = rounded(place.start_quarters * STEPS), rounded(place.end_quarters * STEPS)
    if onset_steps >= from and onset_steps < to then return true end
  end
  return false
end

local function write(work, one, target, notes, name)
  local take, new = fresh_take(one), {}
  for _, note in ipairs(notes) do
    if note.track == target.number and is_in(project.heard(note.onset_quarters), target.places) then
      local onset = work.start + note.onset_quarters
      local stop = onset + note.duration_quarters
      new[#new + 1] = {
        ppq = rounded(reaper.MIDI_GetPPQPosFromProjQN(take, onset)),
        end_ppq = rounded(reaper.MIDI_GetPPQPosFromProjQN(take, stop)),
        channel = target.track.channel or 0, pitch = note.pitch, velocity = note.velocity,
      }
    end
  end
  local function gives_way(note)
    local onset = reaper.MIDI_GetProjQNFromPPQPos(one.take, note.ppq) - work.start
    return is_in(project.heard(onset), target.places)
  end
  reaper.MIDI_SetAllEvts(take, events.pack(events.replaced(one.events, gives_way, new)))
  reaper.GetSetMediaItemTakeInfo_String(take, "P_NAME", name, true)
  one.first = one.first or take
end

-- Writes one take of the server; returns the items it went to.
local function write_one(work, take, name, names)
  local targets, order = {}, {}
  for _, place in ipairs(take.places) do
    local one, track = item_of(work, place, names)
    if not targets[one] then
      targets[one] = { track = track, number = place.track, places = {} }
      order[#order + 1] = one
    end
    table.insert(targets[one].places, place)
  end
  for _, one in ipairs(order) do write(work, one, targets[one], take.notes, name) end
  return order
end

local function check_all_there(work)
  for _, track in ipairs(work.tracks) do
    for _, one in ipairs(track.items) do
      if not reaper.ValidatePtr2(PROJECT, one.item, "MediaItem*") then
        error("An item that was read is no longer there. Compose again.", 0)
      end
    end
  end
end

local function selected_items()
  local list = {}
  for i = 0, reaper.CountSelectedMediaItems(PROJECT) - 1 do
    list[#list + 1] = reaper.GetSelectedMediaItem(PROJECT, i)
  end
  return list
end

-- Puts all takes into the project as one step of undo; the first of them will play.
-- work: of project.read. names: of new tracks, in their order.
function takes.write(work, list, task, names)
  check_all_there(work)
  local selected = selected_items()
  work.n_given = #work.tracks
  reaper.Undo_BeginBlock2(PROJECT)
  reaper.PreventUIRefresh(1)
  local ok, reason = pcall(function()
    local written
    for i, take in ipairs(list) do written = write_one(work, take, task .. " " .. i, names) end
    for _, one in ipairs(written or {}) do reaper.SetActiveTake(one.first) end
  end)
  reaper.SelectAllMediaItems(PROJECT, false)
  for _, item in ipairs(selected) do reaper.SetMediaItemSelected(item, true) end
  reaper.PreventUIRefresh(-1)
  reaper.UpdateArrange()
  reaper.Undo_EndBlock2(PROJECT, "LSTM Music: " .. task, -1)
  if not ok then error(reason, 0) end
end

return takes
