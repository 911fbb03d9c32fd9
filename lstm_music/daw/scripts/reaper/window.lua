-- The small window: rows of choices and numbers, drawn anew at each tick. Settings are remembered.

local window = {}
window.__index = window

local WIDTH, ROW, LABEL, MARGIN = 380, 26, 110, 10
local SECTION = "lstm_music" -- of REAPER's extension state
local ESCAPE, CLOSED = 27, -1

local function kept_value(row)
  local kept = reaper.GetExtState(SECTION, row.name)
  if row.values then
    for _, value in ipairs(row.values) do
      if value == kept then return value end
    end
    return row.default
  end
  return math.max(row.low, math.min(tonumber(kept) or row.default, row.high))
end

-- rows: {name=, label=, default=, values= {...}} or {name=, label=, default=, low=, high=, step=};
-- when(values) says whether a row is shown.
function window.new(title, rows)
  local self = setmetatable({ rows = rows, values = {}, status = "", was_down = false }, window)
  for _, row in ipairs(rows) do self.values[row.name] = kept_value(row) end
  gfx.init(title, WIDTH, ROW * (#rows + 2) + 2 * MARGIN, 0, 200, 200)
  gfx.setfont(1, "Arial", 15)
  return self
end

function window:_button(text, x, y, w, is_main)
  local light = is_main and 0.45 or 0.25
  gfx.set(0.2, light, is_main and 0.7 or light, 1)
  gfx.rect(x, y, w, ROW - 4, true)
  gfx.set(1, 1, 1, 1)
  gfx.x, gfx.y = x + 6, y + 3
  gfx.drawstr(text)
  local inside = gfx.mouse_x >= x and gfx.mouse_x < x + w and gfx.mouse_y >= y and gfx.mouse_y < y + ROW - 4
  return self.clicked and inside
end

function window:_set(row, value)
  self.values[row.name] = value
  reaper.SetExtState(SECTION, row.name, tostring(value), true)
end

local function next_value(values, value)
  for i, one in ipairs(values) do
    if one == value then return values[i % #values + 1] end
  end
end

function window:_row(row, y)
  gfx.set(0.8, 0.8, 0.8, 1)
  gfx.x, gfx.y = MARGIN, y + 3
  gfx.drawstr(row.label)
  local value, x = self.values[row.name], LABEL + MARGIN
  if row.values then
    if self:_button(value, x, y, WIDTH - x - MARGIN, false) then
      self:_set(row, next_value(row.values, value))
    end
    return
  end
  local shown = string.format(row.step < 1 and "%.1f" or "%.0f", value)
  self:_button(shown, x + ROW, y, WIDTH - x - 2 * ROW - MARGIN, false)
  if self:_button("-", x, y, ROW - 4, false) then
    self:_set(row, math.max(row.low, value - row.step))
  end
  if self:_button("+", WIDTH - MARGIN - ROW + 4, y, ROW - 4, false) then
    self:_set(row, math.min(row.high, value + row.step))
  end
end

-- Draws the window and tells what the user wants: "go", "cancel", "close" or nil.
function window:tick(is_busy)
  local key = gfx.getchar()
  if key == CLOSED or key == ESCAPE then return "close" end
  local is_down = gfx.mouse_cap & 1 == 1
  self.clicked, self.was_down = is_down and not self.was_down, is_down
  local y, wish = MARGIN, nil
  for _, row in ipairs(self.rows) do
    if not row.when or row.when(self.values) then
      self:_row(row, y)
      y = y + ROW
    end
  end
  if self:_button(is_busy and "Cancel" or "Compose", MARGIN, y, WIDTH - 2 * MARGIN, true) then
    wish = is_busy and "cancel" or "go"
  end
  gfx.set(0.9, 0.9, 0.6, 1)
  gfx.x, gfx.y = MARGIN, y + ROW + 3
  gfx.drawstr(self.status)
  gfx.update()
  return wish
end

return window
