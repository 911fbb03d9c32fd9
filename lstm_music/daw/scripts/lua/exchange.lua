-- Talks to `lstm-music serve --shared` by files, as docs/serve.md tells: a call goes into
-- NAME.call, the answer grows in NAME.answer. Nothing here waits; the host asks again each tick.

local Exchange = {}
Exchange.__index = Exchange

local START_AFTER_SECONDS = 1.0 -- a server that runs takes a call within a twentieth
local GIVE_UP_SECONDS = 90.0 -- a first start may have to read its program from a slow disk
local SILENT_SECONDS = 20.0 -- a server that works says so each second

local function read(path)
  local file = io.open(path, "rb")
  if not file then return nil end
  local text = file:read("a")
  file:close()
  return text
end

local function state_folder(is_windows, is_mac)
  local given = os.getenv("LSTM_MUSIC_STATE")
  if given and given ~= "" then return given end
  local home = os.getenv("HOME") or os.getenv("USERPROFILE") or ""
  if is_windows then
    return (os.getenv("LOCALAPPDATA") or home .. "/AppData/Local") .. "/lstm_music"
  end
  if is_mac then return home .. "/Library/Application Support/lstm_music" end
  return (os.getenv("XDG_STATE_HOME") or home .. "/.local/state") .. "/lstm_music"
end

local function command_line(words)
  local quoted = {}
  for i, word in ipairs(words) do
    quoted[i] = word:find("[ \t]") and '"' .. word .. '"' or word
  end
  return table.concat(quoted, " ")
end

-- host: json, now() in seconds, make_folder(path), start(command line) which must not wait,
-- is_windows, is_mac.
function Exchange.new(host)
  local state = state_folder(host.is_windows, host.is_mac)
  return setmetatable({ host = host, state = state, folder = state .. "/exchange", calls = 0 }, Exchange)
end

function Exchange:_command()
  local words
  local given = os.getenv("LSTM_MUSIC_COMMAND")
  if given and given ~= "" then
    words = given:sub(1, 1) == "[" and self.host.json.decode(given) or { given }
  else
    local left = read(self.state .. "/command.json")
    words = left and self.host.json.decode(left).command or { "lstm-music", "serve" }
  end
  words[#words + 1] = "--shared"
  return command_line(words)
end

-- Begins a call and returns it; Exchange:news(call) tells what came of it.
function Exchange:begin(method, params)
  self.host.make_folder(self.folder)
  self.calls = self.calls + 1
  local now = self.host.now()
  local id = string.format("%d-%d-%d", os.time(), math.floor(now * 1e6) % 1000000007, self.calls)
  local call = { id = id, path = self.folder .. "/" .. id, begun = now, last = now, at = 0 }
  local line = self.host.json.encode({ id = id, method = method, params = params })
  local file, reason = io.open(call.path .. ".call", "wb")
  if not file then error("cannot write to " .. self.folder .. ": " .. tostring(reason), 0) end
  file:write(line, "\n")
  file:close()
  return call
end

-- Cancels a call; its answer is an error with the code "cancelled".
function Exchange:cancel(call)
  if os.remove(call.path .. ".call") then
    call.lost = "cancelled"
  else
    self:begin("cancel", { id = call.id })
  end
end

function Exchange:_check(call, now)
  if read(call.path .. ".call") then
    if now - call.begun > GIVE_UP_SECONDS then
      os.remove(call.path .. ".call")
      call.lost = "The server has not started. Run `lstm-music serve --shared` in a terminal to see why."
    elseif now - call.begun > START_AFTER_SECONDS and not call.started then
      call.started = true
      self.host.start(self:_command())
    end
  elseif now - call.last > SILENT_SECONDS then
    call.lost = "The server has ended. Try again."
  end
end

-- What has come since the last look: a list of {kind, data}, of which "result" or "error" is the
-- last one ever. Reads at most one line at a time, so no tick of the host takes long.
function Exchange:news(call)
  local now = self.host.now()
  local file = not call.lost and io.open(call.path .. ".answer", "rb")
  local line
  if file then
    file:seek("set", call.at)
    line = file:read("L")
    file:close()
  end
  if not line or line:sub(-1) ~= "\n" then
    if not call.lost then self:_check(call, now) end
    if not call.lost then return {} end
    return { { "error", { code = "lost", message = call.lost } } }
  end
  call.at, call.last = call.at + #line, now
  local told = self.host.json.decode(line)
  if told.event then return { { told.event, told.data } } end
  os.remove(call.path .. ".answer")
  return { told.error and { "error", told.error } or { "result", told.result } }
end

return Exchange
