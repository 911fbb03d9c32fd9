-- JSON, as much of it as the server's protocol needs. Lua 5.3 and later.

local json = {}

json.null = setmetatable({}, { __tostring = function() return "null" end })

local ESCAPES = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }
local UNESCAPES = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t" }

local function quoted(text)
  local function escape(c) return ESCAPES[c] or string.format("\\u%04x", c:byte()) end
  return '"' .. text:gsub('[%c"\\\127]', escape) .. '"'
end

local function number(value)
  if math.type(value) == "integer" then return string.format("%d", value) end
  assert(value == value and value > -math.huge and value < math.huge, "JSON has no such number")
  -- A point whatever the locale's comma: a DAW sets the user's own.
  return (string.format("%.14g", value):gsub(",", "."))
end

local encode

local function array(list)
  local parts = {}
  for i, value in ipairs(list) do parts[i] = encode(value) end
  return "[" .. table.concat(parts, ",") .. "]"
end

local function object(map)
  local keys, parts = {}, {}
  for key in pairs(map) do keys[#keys + 1] = key end
  table.sort(keys)
  for i, key in ipairs(keys) do parts[i] = quoted(key) .. ":" .. encode(map[key]) end
  return "{" .. table.concat(parts, ",") .. "}"
end

function encode(value)
  local kind = type(value)
  if value == json.null then return "null" end
  if kind == "string" then return quoted(value) end
  if kind == "number" then return number(value) end
  if kind == "boolean" then return tostring(value) end
  if kind == "table" then
    return (#value > 0 or next(value) == nil) and array(value) or object(value)
  end
  error("JSON has no " .. kind)
end

-- The text of a value. A table with a first element, or an empty one, is an array.
json.encode = encode

local decode_at

local function skipped(text, at) return text:find("[^ \n\r\t]", at) or #text + 1 end

local function utf16(text, at)
  local code = tonumber(text:sub(at + 2, at + 5), 16)
  if code >= 0xD800 and code < 0xDC00 and text:sub(at + 6, at + 7) == "\\u" then
    local low = tonumber(text:sub(at + 8, at + 11), 16)
    return utf8.char(0x10000 + (code - 0xD800) * 0x400 + low - 0xDC00), at + 12
  end
  return utf8.char(code), at + 6
end

local function decode_string(text, at)
  local parts, start = {}, at + 1
  while true do
    local stop = text:find('["\\]', start)
    if not stop then error("JSON: a string has no end") end
    parts[#parts + 1] = text:sub(start, stop - 1)
    if text:sub(stop, stop) == '"' then return table.concat(parts), stop + 1 end
    local escape = text:sub(stop + 1, stop + 1)
    if escape == "u" then
      parts[#parts + 1], start = utf16(text, stop)
    else
      parts[#parts + 1], start = UNESCAPES[escape] or escape, stop + 2
    end
  end
end

local function decode_array(text, at)
  local list = {}
  at = skipped(text, at + 1)
  if text:sub(at, at) == "]" then return list, at + 1 end
  while true do
    list[#list + 1], at = decode_at(text, at)
    at = skipped(text, at)
    local c = text:sub(at, at)
    if c == "]" then return list, at + 1 end
    if c ~= "," then error("JSON: expected , or ] at " .. at) end
    at = at + 1
  end
end

local function decode_object(text, at)
  local map, key = {}, nil
  at = skipped(text, at + 1)
  if text:sub(at, at) == "}" then return map, at + 1 end
  while true do
    key, at = decode_string(text, skipped(text, at))
    at = skipped(text, at)
    if text:sub(at, at) ~= ":" then error("JSON: expected : at " .. at) end
    map[key], at = decode_at(text, at + 1)
    at = skipped(text, at)
    local c = text:sub(at, at)
    if c == "}" then return map, at + 1 end
    if c ~= "," then error("JSON: expected , or } at " .. at) end
    at = at + 1
  end
end

local WORDS = { t = { "true", true }, f = { "false", false }, n = { "null", json.null } }

-- tonumber reads the locale's point in some hosts; so whole and fraction are read apart.
local function decode_number(text, at)
  local sign, whole, fraction, exponent, stop =
    text:match("^(-?)(%d+)%.?(%d*)[eE]?([+-]?%d*)()", at)
  if not stop then error("JSON: unexpected character at " .. at) end
  local value = math.tointeger(tonumber(whole))
  if fraction ~= "" then value = tonumber(whole .. fraction) / 10.0 ^ #fraction end
  if exponent ~= "" then value = value * 10.0 ^ tonumber(exponent) end
  return sign == "-" and -value or value, stop
end

function decode_at(text, at)
  at = skipped(text, at)
  local c = text:sub(at, at)
  if c == "{" then return decode_object(text, at) end
  if c == "[" then return decode_array(text, at) end
  if c == '"' then return decode_string(text, at) end
  local word = WORDS[c]
  if word and text:sub(at, at + #word[1] - 1) == word[1] then return word[2], at + #word[1] end
  return decode_number(text, at)
end

-- The value of a text; null becomes json.null. Raises an error where it is no JSON.
function json.decode(text)
  local value, at = decode_at(text, 1)
  if skipped(text, at) <= #text then error("JSON: more than one value") end
  return value
end

return json
