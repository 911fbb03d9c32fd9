-- Reads the items of REAPER's project as a piece for the server.

local here = debug.getinfo(1, "S").source:match("^@(.*[/\\])") or ""
local events = dofile(here .. "events.lua")

local project = {}

local PROJECT = 0 -- the active one
local DRUM_CHANNEL = 9
local STEPS = 24 -- of a quarter note, the server's grid
local NEAR = 1e-6 -- quarter notes

local function rounded(value) return math.floor(value + 0.5) end

-- The grid step at which the server hears an onset: it rounds to a quarter of a step first.
function project.heard(quarters)
  return math.floor((rounded(quarters * STEPS * 4) + 2) / 4)
end

-- A MIDI item with its events; nil where its active take is none.
function project.open_item(item)
  local take = reaper.GetActiveTake(item)
  if not take or not reaper.TakeIsMIDI(take) then return nil end
  local position = reaper.GetMediaItemInfo_Value(item, "D_POSITION")
  local length = reaper.GetMediaItemInfo_Value(item, "D_LENGTH")
  local _, buffer = reaper.MIDI_GetAllEvts(take, "")
  return {
    item = item, take = take, events = events.parse(buffer),
    track = reaper.GetMediaItem_Track(item),
    from = reaper.TimeMap2_timeToQN(PROJECT, position),
    to = reaper.TimeMap2_timeToQN(PROJECT, position + length),
  }
end

local function time_selection()
  local from, to = reaper.GetSet_LoopTimeRange(false, false, 0, 0, false)
  if to <= from then return nil end
  return { from = reaper.TimeMap2_timeToQN(PROJECT, from), to = reaper.TimeMap2_timeToQN(PROJECT, to) }
end

local function overlaps(one, other)
  return one.from < other.to - NEAR and other.from < one.to - NEAR
end

local function all_items()
  local found = {}
  for i = 0, reaper.CountMediaItems(PROJECT) - 1 do
    local one = project.open_item(reaper.GetMediaItem(PROJECT, i))
    if one then found[#found + 1] = one end
  end
  return found
end

-- The items to work on: the selected ones, or those in the time selection on selected tracks.
local function chosen_items(items, range)
  local chosen = {}
  for _, one in ipairs(items) do
    if reaper.IsMediaItemSelected(one.item) then chosen[#chosen + 1] = one end
  end
  if #chosen > 0 or not range then return chosen end
  local any_track = reaper.CountSelectedTracks(PROJECT) == 0
  for _, one in ipairs(items) do
    if overlaps(one, range) and (any_track or reaper.IsTrackSelected(one.track)) then
      chosen[#chosen + 1] = one
    end
  end
  return chosen
end

-- The bars from the one in which `from` lies to the one in which `to` ends, as REAPER counts them.
local function bars_between(from, to)
  local bars, at = {}, from
  repeat
    local _, start, stop = reaper.TimeMap_QNToMeasures(PROJECT, at + NEAR)
    local time = reaper.TimeMap2_QNToTime(PROJECT, start)
    local numerator, denominator, tempo = reaper.TimeMap_GetTimeSigAtTime(PROJECT, time + NEAR)
    bars[#bars + 1] = {
      from = start, to = stop, tempo = tempo,
      numerator = rounded(numerator), denominator = rounded(denominator),
    }
    at = stop
  until stop >= to - NEAR
  return bars
end

local function changes(bars, shown)
  local list, before = {}, nil
  for _, bar in ipairs(bars) do
    local change, key = shown(bar)
    if key ~= before then
      change.onset_quarters = bar.from - bars[1].from
      list[#list + 1], before = change, key
    end
  end
  return list
end

local function meter_of(bar)
  local meter = { numerator = bar.numerator, denominator = bar.denominator }
  return meter, bar.numerator .. "/" .. bar.denominator
end

local function tempo_of(bar)
  return { tempo_bpm = math.max(4, math.min(bar.tempo, 1000)) }, bar.tempo
end

local function most_used_channel(notes)
  local uses, best = {}, nil
  for _, note in ipairs(notes) do
    uses[note.channel] = (uses[note.channel] or 0) + 1
    if not best or uses[note.channel] > uses[best] then best = note.channel end
  end
  return best
end

local function program_of(list)
  for _, event in ipairs(list) do
    local message = event.message
    if #message >= 2 and message:byte(1) & 0xF0 == 0xC0 then return message:byte(2) end
  end
end

local function track_at(piece, track)
  local index = piece.index_of[track]
  if not index then
    local _, name = reaper.GetSetMediaTrackInfo_String(track, "P_NAME", "", false)
    index = #piece.tracks
    piece.index_of[track] = index
    piece.tracks[index + 1] = { track = track, name = name, items = {} }
  end
  return piece.tracks[index + 1], index
end

local function add_item(piece, one)
  local into, index = track_at(piece, one.track)
  table.insert(into.items, one)
  local found = events.notes(one.events)
  into.channel = into.channel or most_used_channel(found)
  into.program = into.program or program_of(one.events)
  for _, note in ipairs(found) do
    local onset = reaper.MIDI_GetProjQNFromPPQPos(one.take, note.ppq)
    local stop = reaper.MIDI_GetProjQNFromPPQPos(one.take, note.end_ppq)
    if not note.muted and onset >= one.from - NEAR and onset < one.to - NEAR then
      piece.notes[#piece.notes + 1] = {
        track = index, pitch = note.pitch, velocity = note.velocity,
        onset_quarters = math.max(onset - piece.start, 0),
        duration_quarters = math.max(stop - onset, 1 / STEPS),
      }
    end
  end
end

-- Adds what sounds on other tracks in the same time.
local function add_others(piece, items, span)
  local chosen = {}
  for track in pairs(piece.index_of) do chosen[track] = true end
  for _, one in ipairs(items) do
    if not chosen[one.track] and overlaps(one, span) and one.from >= piece.start - NEAR then
      add_item(piece, one)
    end
  end
end

local function seed_of(piece, bars)
  local tracks = {}
  for i, track in ipairs(piece.tracks) do
    local is_drum = track.channel == DRUM_CHANNEL
    tracks[i] = { name = track.name, program = track.program or 0, is_drum = is_drum }
  end
  return { piece = {
    notes = piece.notes, tracks = tracks,
    meters = changes(bars, meter_of), tempos = changes(bars, tempo_of),
  } }
end

local function open_bars(bars, range)
  local first, last
  for i, bar in ipairs(bars) do
    if range and overlaps(bar, range) then first, last = first or i, i end
  end
  return first and first .. "-" .. last
end

-- What is to be worked on: {seed =, start = quarters, tracks =, open_bars = "5-8" or nil,
-- open_tracks = {1, ...}}. with_others: whether the other tracks are heard, too.
function project.read(with_others)
  local range, items = time_selection(), all_items()
  local chosen = chosen_items(items, range)
  if #chosen == 0 then error("Select a MIDI item, or a time with MIDI items in it.", 0) end
  local span = { from = math.huge, to = -math.huge }
  for _, one in ipairs(chosen) do
    span = { from = math.min(span.from, one.from), to = math.max(span.to, one.to) }
  end
  local bars = bars_between(span.from, span.to)
  local piece = { start = bars[1].from, index_of = {}, tracks = {}, notes = {} }
  local numbers = {}
  for _, one in ipairs(chosen) do add_item(piece, one) end
  for i in ipairs(piece.tracks) do numbers[i] = i end
  if with_others then add_others(piece, items, span) end
  if #piece.notes == 0 then error("The selected items have no notes.", 0) end
  return {
    seed = seed_of(piece, bars), start = piece.start, tracks = piece.tracks,
    open_bars = open_bars(bars, range), open_tracks = numbers,
  }
end

return project
