-- lighttpd (mod_magnet): answers GET /api/v1/events/{id}/seats with a seat map that a worker
-- left in a file, as long as it is good. Everything else goes on to the workers: a request
-- with a token, whose map may show own holds; one with a query; an event without a file.
--
-- The folder holds <event>.tag, one line "until etag file": until when the map is good, in
-- milliseconds since 1970; its entity tag; the file with the body. A worker that changes a
-- seat of the event takes the tag file away before it tells anybody.

local MAPS = "@MAPS@"
local LONGEST_MS = 1000 -- a map is never good for longer: guards against a clock that was set back

local r = lighty.r
local method = r.req_attr["request.method"]
local header = r.req_header
if (method ~= "GET" and method ~= "HEAD") or header["Authorization"] then
	return 0
end

-- The URL as it was sent, without a query: what is hidden in another is the workers' to refuse.
-- The event's number, also when its UUID is given (version 8: 48 bits number, 0 for the seat).
local id = r.req_attr["request.orig-uri"]:match("^/api/v1/events/([%x-]+)/seats/?$")
if not id then
	return 0
end
if #id == 36 then
	local high, low = id:match("^(%x%x%x%x%x%x%x%x)%-(%x%x%x%x)%-8000%-8000%-000000000000$")
	id = high and string.format("%d", tonumber(high .. low, 16))
end
if not id or not id:match("^[1-9]%d*$") then
	return 0
end

local file = io.open(MAPS .. "/" .. id .. ".tag")
if not file then
	return 0
end
local line = file:read("*l")
file:close()
local till, etag, name = (line or ""):match("^(%d+) (%S+) (%S+)$")
local seconds, nanoseconds = lighty.c.hrtime()
local left = (tonumber(till) or 0) - (seconds * 1000 + nanoseconds / 1000000)
if left <= 0 or left > LONGEST_MS then
	return 0
end

-- The body may just have given way to a newer one: then a worker knows.
local body = MAPS .. "/" .. name
file = io.open(body)
if not file then
	return 0
end
file:close()

-- Every answer carries a request id: the caller's if it is a sane one, else a new one.
local request = header["X-Request-Id"]
if not request or #request > 64 or request:find("[^%w._-]") then
	if not math.seeded then -- Lua did it before the web server forked: all its processes alike
		local source = io.open("/proc/sys/kernel/random/uuid")
		local uuid = source:read("*l")
		source:close()
		math.randomseed(tonumber(uuid:sub(25), 16), tonumber(uuid:sub(1, 8), 16))
		math.seeded = true
	end
	request = string.format("%08x-%04x-4%03x-%04x-%06x%06x", math.random(0, 0x7fffffff),
		math.random(0, 0xffff), math.random(0, 0xfff), math.random(0x8000, 0xbfff),
		math.random(0, 0xffffff), math.random(0, 0xffffff))
end
local answer = r.resp_header
answer["X-Request-Id"] = request
answer["ETag"] = etag
answer["Cache-Control"] = "no-cache"
answer["Vary"] = "Authorization"

local known = header["If-None-Match"]
if known and (known == "*" or known:find(etag, 1, true)) then
	return 304
end
answer["Content-Type"] = "application/json"
r.resp_body:set({ { filename = body } })
return 200
