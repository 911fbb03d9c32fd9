-- Between a MIDI region of Ardour and the server's music.

local region = {}

local STEPS = 24 -- of a quarter note, the server's grid
local TICKS = 1920 -- of a quarter note, Ardour's
local NEAR = 1e-6
local DRUM_CHANNEL = 9

local function rounded(value) return math.floor(value + 0.5) end

-- The grid step at which the server hears an onset: it rounds to a quarter of a step first.
local function heard(quarters) return math.floor((rounded(quarters * STEPS * 4) + 2) / 4) end

-- Ardour 7 tells musical time as text alone: "beats:ticks".
local function quarters(beats)
  local whole, ticks = tostring(beats):match("^(-?%d+):(%d+)$")
  return tonumber(whole) + tonumber(ticks) / TICKS
end

local function beats(value)
  local ticks = rounded(value * TICKS)
  return Temporal.Beats(ticks // TICKS, ticks % TICKS)
end

-- Where the region lies and how its bars are, in quarter notes of the session.
local function place_of(midi_region)
  local position = midi_region:position()
  local map = Temporal.TempoMap.read()
  local meter, at = map:meter_at(position), map:bbt_at(position)
  local numerator, denominator = meter:divisions_per_bar(), meter:note_value()
  local from = quarters(position:beats())
  local into_bar = ((at.beats - 1) + at.ticks / TICKS) * 4 / denominator
  return {
    from = from, to = from + quarters(midi_region:length():beats()),
    -- What a note's own time lacks to be time of the session.
    shift = from - quarters(midi_region:start():beats()),
    bar_line = from - into_bar, bar = numerator * 4 / denominator,
    numerator = rounded(numerator), denominator = rounded(denominator),
    tempo = map:tempo_at(position):quarter_notes_per_minute(),
  }
end

local function each_note(midi_region, visit)
  for note in ARDOUR.LuaAPI.note_list(midi_region:model()):iter() do
    visit(note, quarters(note:time()))
  end
end

-- What the server is asked about a region. range: {from, to} in samples, the bars to write.
-- Returns the parameters of the call, and what `write` needs later.
function region.read(midi_region, range, settings)
  local place, notes, channels = place_of(midi_region), {}, {}
  each_note(midi_region, function(note, time)
    local onset = time + place.shift
    if onset < place.from - NEAR or onset >= place.to - NEAR then return end
    channels[note:channel()] = (channels[note:channel()] or 0) + 1
    notes[#notes + 1] = {
      pitch = note:note(), velocity = math.max(note:velocity(), 1),
      onset_quarters = math.max(onset - place.bar_line, 0),
      duration_quarters = math.max(quarters(note:length()), 1 / STEPS),
    }
  end)
  if #notes == 0 then error("The region has no notes.", 0) end
  local channel, most = 0, 0
  for one, uses in pairs(channels) do
    if uses > most then channel, most = one, uses end
  end
  local map = Temporal.TempoMap.read()
  local function bar_at(sample, early)
    local at = quarters(map:quarters_at(Temporal.timepos_t(sample)))
    at = math.max(place.from, math.min(at, place.to))
    return math.floor((at - place.bar_line - early) / place.bar) + 1
  end
  local first, last = bar_at(range.from, -NEAR), bar_at(range.to, NEAR)
  local request = {
    task = settings.task, bars = first .. "-" .. math.max(first, last), n = 1,
    temperature = settings.temperature,
  }
  if settings.task == "vary" then request.keep = "rhythm" end
  local piece = {
    notes = notes,
    tracks = { { name = midi_region:name(), is_drum = channel == DRUM_CHANNEL } },
    meters = { { numerator = place.numerator, denominator = place.denominator } },
    tempos = { { tempo_bpm = math.max(4, math.min(place.tempo, 1000)) } },
  }
  local params = { request = request, seed = { piece = piece }, formats = { "notes" }, events = true }
  return params, {
    region = midi_region:to_stateful():id():to_s(), task = settings.task,
    origin = place.bar_line - place.shift, channel = channel,
  }
end

local function is_open(step, places)
  for _, place in ipairs(places) do
    local from, to = rounded(place.start_quarters * STEPS), rounded(place.end_quarters * STEPS)
    if step >= from and step < to then return true end
  end
  return false
end

-- Puts a take into the region, as one step of undo. work: of `read`.
function region.write(work, take)
  local found = ARDOUR.RegionFactory.region_by_id(PBD.ID(work.region))
  if found:isnil() then error("The region is no longer there.", 0) end
  local midi_region = found:to_midiregion()
  local model = midi_region:model()
  local command = model:new_note_diff_command("LSTM Music: " .. work.task)
  each_note(midi_region, function(note, time)
    if is_open(heard(time - work.origin), take.places) then command:remove(note) end
  end)
  for _, note in ipairs(take.notes) do
    command:add(ARDOUR.LuaAPI.new_noteptr(work.channel, beats(note.onset_quarters + work.origin),
      beats(note.duration_quarters), note.pitch, note.velocity))
  end
  model:apply_command(Session, command)
end

return region
