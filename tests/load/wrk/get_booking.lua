-- GET /api/v1/bookings/{id} with its owner's token; BENCH_PAIRS has one "id token" a line.

dofile(os.getenv("BENCH_LUA") .. "/common.lua")

local requests, turn = {}, 0

function init()
	local lines = own_lines(setting("BENCH_PAIRS"), thread_no, number_setting("BENCH_THREADS"))

	for i, line in ipairs(lines) do
		local id, token = line:match("^(%S+) (%S+)$")

		requests[i] = "GET /api/v1/bookings/" .. id .. " HTTP/1.1\r\nHost: " ..
		              wrk.headers["Host"] .. "\r\nAuthorization: Bearer " .. token .. "\r\n\r\n"
	end
end

function request()
	started = started or now()
	turn = turn % #requests + 1
	return requests[turn]
end
