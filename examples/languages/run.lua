-- A small run from Lua 5.1 or later with LuaSocket (Debian: lua5.4 lua-socket; else: luarocks install luasocket).
local http, ltn12 = require("socket.http"), require("ltn12")
local url = os.getenv("AGNEZ_URL") or "http://localhost:3000"

local function send(method, path, body)
  local answer = {}
  local ok, status = http.request {
    method = method, url = url .. path,
    headers = { ["content-type"] = "application/json", ["content-length"] = #body },
    source = ltn12.source.string(body), sink = ltn12.sink.table(answer),
  }
  if not ok or status >= 300 then error(("%s %s: %s %s"):format(method, path, status, table.concat(answer))) end
end

-- With upsert the cell is made when it is not there; an empty value restarts the line.
send("PATCH", "/values/lua-loss?upsert=true", [[{"board":"lua","type":"line","name":"Loss","value":[]}]])

local train
for step = 0, 49 do
  train = math.exp(-step / 12)
  local val = train + step / 500
  send("POST", "/values/lua-loss/points", ('{"train":[[%d,%.17g]],"val":[[%d,%.17g]]}'):format(step, train, step, val))
end

local note = [[{"board":"lua","type":"text","name":"About this run","value":"50 steps, train loss **%.4f**"}]]
send("PATCH", "/values/lua-note?upsert=true", note:format(train))
