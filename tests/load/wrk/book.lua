-- POST /api/v1/bookings: two random distinct seats, or always the same one (BENCH_SEAT > 0), or the
-- best available for parties of 2 and 4 in turn (BENCH_FACE best). With BENCH_FACE queue: POST
-- /api/booking, the best available 2.
--
-- BENCH_TOKENS	file of tokens, one a line; every thread takes its own share in turn, so
-- 	that no user gets more than an equal part of the bookings (R-22 allows 3)
-- BENCH_FIRST, BENCH_EVENTS, BENCH_SEATS	events by number, and how many seats each has
-- BENCH_IDS	where the ids of acknowledged bookings go, one file a thread: IDS.0, IDS.1, …

dofile(os.getenv("BENCH_LUA") .. "/common.lua")

local random, format, floor = math.random, string.format, math.floor
local tokens, turn = nil, 0
local first, events, seats, only_seat, face, party
local head, ids

function init()
	tokens = own_lines(setting("BENCH_TOKENS"), thread_no, number_setting("BENCH_THREADS"))
	first = number_setting("BENCH_FIRST")
	events = number_setting("BENCH_EVENTS")
	seats = number_setting("BENCH_SEATS")
	only_seat = number_setting("BENCH_SEAT")
	face = setting("BENCH_FACE")
	party = 2
	ids = assert(io.open(setting("BENCH_IDS") .. "." .. thread_no, "w"))
	math.randomseed(number_setting("BENCH_SEED") * 1000 + thread_no)
	head = "POST " .. (face == "queue" and "/api/booking" or "/api/v1/bookings") .. " HTTP/1.1\r\nHost: " .. wrk.headers["Host"] ..
	       "\r\nContent-Type: application/json\r\nAuthorization: Bearer "
	ok, created, refused, capped, other = 0, 0, 0, 0, 0
end

-- An event's UUID up to its last group; 0 there is the event, anything else a seat of it.
local function prefix(event)
	return format("%08x-%04x-8000-8000-", floor(event / 65536), event % 65536)
end

local function body()
	local event = first + random(0, events - 1)
	local id = prefix(event)
	local a, b

	if face == "queue" then
		return format('{"event_id":%d,"section":"Stalls","subsection":1,"quantity":2,' ..
		              '"seat_selection_mode":"best_available","seat_positions":[]}', event)
	end
	if face == "best" then
		party = 6 - party
		return format('{"eventId":"%s000000000000","section":"Stalls","quantity":%d}', id, party)
	end

	if only_seat > 0 then
		return format('{"eventId":"%s000000000000","seatIds":["%s%012x"]}', id, id, only_seat)
	end
	a = random(1, seats)
	b = (a + random(1, seats - 1) - 1) % seats + 1
	return format('{"eventId":"%s000000000000","seatIds":["%s%012x","%s%012x"]}', id, id, a, id, b)
end

function request()
	local json = body()

	started = started or now()
	turn = turn % #tokens + 1
	return head .. tokens[turn] .. "\r\nContent-Length: " .. #json .. "\r\n\r\n" .. json
end

function response(status, headers, answer)
	if status == 201 or status == 202 then
		created = created + 1
		ids:write(answer:match(face == "queue" and '"id"%s*:%s*"([^"]+)"' or
		                       '"bookingId"%s*:%s*"([^"]+)"') or "none", "\n")
	elseif status == 409 or (status == 400 and face == "queue") then
		refused = refused + 1
		if answer:find("TOO_MANY_PENDING_BOOKINGS", 1, true) then
			capped = capped + 1
		end
	elseif status == 200 then
		ok = ok + 1
	else
		other = other + 1
	end
end
