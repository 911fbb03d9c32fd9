-- LSTM Music for REAPER: continues, fills, accompanies and varies the selected MIDI items.
-- Written in Lua, which REAPER brings along; for Python the user would have to install one and
-- name it in the preferences. How to use it: examples/daw/reaper.

local here = debug.getinfo(1, "S").source:match("^@(.*[/\\])") or ""
local json = dofile(here .. "json.lua")
local Exchange = dofile(here .. "exchange.lua")
local project = dofile(here .. "project.lua")
local takes = dofile(here .. "takes.lua")
local window = dofile(here .. "window.lua")

local IN_BACKGROUND = -2 -- ExecProcess returns at once

local function with_task(...)
  local tasks = {}
  for _, task in ipairs({ ... }) do tasks[task] = true end
  return function(values) return tasks[values.task] end
end

local ROWS = {
  { name = "task", label = "Task", default = "infill", values = { "infill", "continue", "accompany", "vary" } },
  { name = "bars", label = "Bars", default = 4, low = 1, high = 64, step = 1, when = with_task("continue") },
  { name = "with", label = "With", default = "drums,bass", when = with_task("accompany"),
    values = { "drums,bass", "drums", "bass", "piano", "strings" } },
  { name = "keep", label = "Keep", default = "rhythm", when = with_task("vary"),
    values = { "rhythm", "pitch", "outline" } },
  { name = "others", label = "Other tracks", default = "heard", when = with_task("infill", "vary"),
    values = { "heard", "not heard" } },
  { name = "takes", label = "Takes", default = 3, low = 1, high = 16, step = 1 },
  { name = "temperature", label = "Temperature", default = 1.0, low = 0.3, high = 2.0, step = 0.1 },
}

local function words(text)
  local list = {}
  for word in text:gmatch("[^,]+") do list[#list + 1] = word end
  return list
end

local function request_of(values, work)
  local request = { task = values.task, n = math.floor(values.takes), temperature = values.temperature }
  if values.task == "continue" then
    request.task, request.bars = "generate", math.floor(values.bars)
  elseif values.task == "accompany" then
    request.with_ = words(values.with)
  else
    request.bars, request.tracks = work.open_bars, work.open_tracks
  end
  if values.task == "vary" then request.keep = values.keep end
  if values.task == "infill" and not work.open_bars then
    error("Select the bars to fill: drag over them in the ruler.", 0)
  end
  return request
end

local system = reaper.GetOS()
local exchange = Exchange.new({
  json = json,
  now = reaper.time_precise,
  make_folder = function(path) reaper.RecursiveCreateDirectory(path, 0) end,
  start = function(command) reaper.ExecProcess(command, IN_BACKGROUND) end,
  is_windows = system:find("Win") ~= nil,
  is_mac = system:find("OSX") ~= nil or system:find("macOS") ~= nil,
})
local view = window.new("LSTM Music", ROWS)
local job -- {call, work, takes, values}, while the server composes

local function begin()
  local values = {}
  for name, value in pairs(view.values) do values[name] = value end
  local hears_others = with_task("infill", "vary")(values) and values.others == "heard"
  local work = project.read(hears_others)
  local params = { request = request_of(values, work), seed = work.seed, formats = { "notes" }, events = true }
  job = { call = exchange:begin("complete", params), work = work, takes = {}, values = values }
  view.status = "Asking the server ..."
end

local function finish()
  local done = job
  job = nil
  table.sort(done.takes, function(a, b) return a.index < b.index end)
  takes.write(done.work, done.takes, done.values.task, words(done.values.with))
  view.status = #done.takes .. " takes. T plays the next one, Ctrl+Z takes them back."
end

local SHOWN = { waiting = "Waiting for other requests ...", composing = "Composing ..." }

local function hear(kind, data)
  if kind == "progress" then
    view.status = SHOWN[data.state] or data.state
  elseif kind == "take" then
    table.insert(job.takes, data)
  elseif kind == "error" then
    job = nil
    view.status = data.message
  elseif kind == "result" then
    finish()
  end
end

local function step(wish)
  if wish == "go" then
    begin()
  elseif wish == "cancel" then
    exchange:cancel(job.call)
  end
  if job then
    for _, news in ipairs(exchange:news(job.call)) do hear(news[1], news[2]) end
  end
end

local function loop()
  local wish = view:tick(job ~= nil)
  if wish == "close" then
    if job then exchange:cancel(job.call) end
    gfx.quit()
    return
  end
  local ok, reason = pcall(step, wish)
  if not ok then
    job = nil
    view.status = tostring(reason)
  end
  reaper.defer(loop)
end

loop()
