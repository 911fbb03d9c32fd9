-- lua5.4 drive.lua STANDIN SCRIPT: plays the user of the script in the stand-in. The scenario comes
-- as JSON on standard input, what the project has become goes out as JSON.

local standin = dofile(arg[1])
local script = arg[2]
local json = dofile(script:match("^(.*/)") .. "json.lua")

local function bytes(hex)
  return (hex:gsub("%x%x", function(pair) return string.char(tonumber(pair, 16)) end))
end

local function hex(text)
  return (text:gsub(".", function(c) return string.format("%02x", c:byte()) end))
end

local function events_of(take)
  local list, at, ppq = {}, 1, 0
  while at <= #take.source.buffer do
    local offset, flag, message
    offset, flag, message, at = string.unpack("<i4Bs4", take.source.buffer, at)
    ppq = ppq + offset
    list[#list + 1] = { ppq, flag, hex(message) }
  end
  return list
end

local function shown()
  local tracks = {}
  for i, track in ipairs(standin.tracks()) do
    tracks[i] = { name = track.name, items = {} }
    for k, item in ipairs(track.items) do
      local takes = {}
      for n, take in ipairs(item.takes) do
        takes[n] = { name = take.name, active = take == item.active, events = events_of(take) }
      end
      tracks[i].items[k] = { from = item.from, to = item.to, selected = item.is_selected, takes = takes }
    end
  end
  return tracks
end

local scenario = json.decode(io.read("a"))
if scenario.range == json.null then scenario.range = nil end
for _, track in ipairs(scenario.tracks) do
  for _, item in ipairs(track.items) do
    for _, event in ipairs(item.events) do event[3] = bytes(event[3]) end
  end
end
for name, value in pairs(scenario.settings or {}) do standin.ext["lstm_music/" .. name] = value end
standin.open(scenario)
local before, original = shown(), standin.snapshot()

standin.time = 0
dofile(script)
local clicks, ticks, longest, now = scenario.clicks, 0, 0, 0
local status
while #standin.queue > 0 and not status do
  assert(ticks < 3000, "the window never shows " .. scenario["until"])
  longest = math.max(longest, standin.tick(now))
  gfx.mouse_cap = 0
  ticks = ticks + 1
  if ticks % 2 == 0 and clicks[ticks // 2] then
    standin.point_at(clicks[ticks // 2])
    gfx.mouse_cap = 1
  elseif ticks > 2 * #clicks + 1 then
    status = standin.shows(scenario["until"])
  end
  standin.sleep()
  -- Time goes on as scenario says, so that a lost server need not be waited for.
  now = now + (scenario.tick_seconds or 0.02)
end

local undo = {}
for i, step in ipairs(standin.undo) do undo[i] = step.name end
print(json.encode({
  before = before, after = shown(), undo = undo, status = status or "", ticks = ticks,
  longest = longest, started = standin.started, settings = standin.ext,
  undone_is_original = #standin.undo == 0 or standin.undo[1].before == original,
}))
