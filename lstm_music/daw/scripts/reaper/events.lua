-- The MIDI events of a take as REAPER gives and takes them (MIDI_GetAllEvts, MIDI_SetAllEvts),
-- and how notes are put among them without touching any other event.

local events = {}

-- A list of {ppq, flag, message}, in their order; the last one marks the end of the item.
function events.parse(buffer)
  local list, at, ppq = {}, 1, 0
  while at <= #buffer do
    local offset, flag, message
    offset, flag, message, at = string.unpack("<i4Bs4", buffer, at)
    ppq = ppq + offset
    list[#list + 1] = { ppq = ppq, flag = flag, message = message }
  end
  return list
end

function events.pack(list)
  local parts, before = {}, 0
  for i, event in ipairs(list) do
    parts[i] = string.pack("<i4Bs4", event.ppq - before, event.flag, event.message)
    before = event.ppq
  end
  return table.concat(parts)
end

local function status_of(message)
  return #message >= 3 and message:byte(1) & 0xF0 or 0
end

-- Notes as {ppq, end_ppq, channel, pitch, velocity, muted, on, off}; on and off are their events.
function events.notes(list)
  local notes, sounding = {}, {}
  for _, event in ipairs(list) do
    local status = status_of(event.message)
    if status == 0x90 or status == 0x80 then
      local first, pitch, velocity = event.message:byte(1, 3)
      local key = (first & 0x0F) * 128 + pitch
      if status == 0x90 and velocity > 0 then
        local note = {
          ppq = event.ppq, channel = first & 0x0F, pitch = pitch, velocity = velocity,
          muted = event.flag & 2 ~= 0, on = event,
        }
        sounding[key] = sounding[key] or {}
        table.insert(sounding[key], note)
        notes[#notes + 1] = note
      elseif sounding[key] and sounding[key][1] then
        local note = table.remove(sounding[key], 1)
        note.end_ppq, note.off = event.ppq, event
      end
    end
  end
  local last = #list > 0 and list[#list].ppq or 0
  for _, note in ipairs(notes) do note.end_ppq = note.end_ppq or last end
  return notes
end

local function message(status, channel, pitch, velocity)
  return string.char(status | channel, pitch, velocity)
end

-- The list without the notes that `gives_way(note)` names and with the new ones, each of which has
-- ppq, end_ppq, channel, pitch and velocity. Everything else keeps its place and its order.
function events.replaced(list, gives_way, new)
  local gone = {}
  for _, note in ipairs(events.notes(list)) do
    if gives_way(note) then
      gone[note.on] = true
      if note.off then gone[note.off] = true end
    end
  end
  -- At one place: our ends, what was there (REAPER's own order, as of a CC and its curve), our onsets.
  local all = {}
  local function add(event, rank)
    event.rank, event.index = rank, #all + 1
    all[#all + 1] = event
  end
  local last = #list > 0 and list[#list].ppq or math.huge
  for _, event in ipairs(list) do
    if not gone[event] then
      add({ ppq = event.ppq, flag = event.flag, message = event.message }, 1)
    end
  end
  for _, note in ipairs(new) do
    local stop = math.max(math.min(note.end_ppq, last), note.ppq + 1)
    add({ ppq = note.ppq, flag = 0, message = message(0x90, note.channel, note.pitch, note.velocity) }, 2)
    add({ ppq = stop, flag = 0, message = message(0x80, note.channel, note.pitch, 0) }, 0)
  end
  table.sort(all, function(a, b)
    if a.ppq ~= b.ppq then return a.ppq < b.ppq end
    if a.rank ~= b.rank then return a.rank < b.rank end
    return a.index < b.index
  end)
  return all
end

return events
