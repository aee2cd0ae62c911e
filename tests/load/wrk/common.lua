-- What every script here shares: the settings, the users, and one line of results at the end.
--
-- wrk gives every thread a Lua state of its own, and one more to setup() and done(). Settings
-- come in the environment, because wrk's own arguments reach init() only.

local ffi = require("ffi")

ffi.cdef [[
struct bench_timespec { long s, ns; };
int clock_gettime(int clock, struct bench_timespec *ts);
]]

local threads = {}

-- Seconds of the monotonic clock.
function now()
	local ts = ffi.new("struct bench_timespec")

	ffi.C.clock_gettime(1, ts)
	return tonumber(ts.s) + tonumber(ts.ns) / 1e9
end

function setting(name)
	return (assert(os.getenv(name), name .. " is not set"))
end

function number_setting(name)
	return assert(tonumber(setting(name)), name .. " is not a number")
end

-- Every nth line of a file, so that no two threads have one in common.
function own_lines(path, nth, of)
	local lines, i = {}, 0

	for line in io.lines(path) do
		if i % of == nth then
			lines[#lines + 1] = line
		end
		i = i + 1
	end
	assert(#lines > 0, path .. " is too short")
	return lines
end

function setup(thread)
	thread:set("thread_no", #threads)
	table.insert(threads, thread)
end

-- Sums a global of all threads; nil where no thread has set it.
local function total(name)
	local sum

	for _, thread in ipairs(threads) do
		local n = thread:get(name)

		if n then
			sum = (sum or 0) + n
		end
	end
	return sum
end

-- The first thread already works while the next one reads its files, so that wrk's own
-- duration would be too short: where the script notes `started`, it counts from there.
local function duration(summary)
	local first

	for _, thread in ipairs(threads) do
		local at = thread:get("started")

		if at and (not first or at < first) then
			first = at
		end
	end
	return first and now() - first or summary.duration / 1e6
end

function done(summary, latency)
	local fields = {
		{ "seconds", duration(summary) },
		{ "requests", summary.requests },
		{ "bytes", summary.bytes },
		{ "errors", summary.errors.connect + summary.errors.read + summary.errors.write +
		            summary.errors.timeout },
		{ "bad_status", summary.errors.status },
		{ "p50_ms", latency:percentile(50) / 1e3 },
		{ "p95_ms", latency:percentile(95) / 1e3 },
		{ "p99_ms", latency:percentile(99) / 1e3 },
		{ "ok", total("ok") },
		{ "created", total("created") },
		{ "refused", total("refused") },
		{ "capped", total("capped") },
		{ "other", total("other") },
	}
	local parts = {}

	for _, field in ipairs(fields) do
		if field[2] then
			parts[#parts + 1] = string.format('"%s":%.6f', field[1], field[2])
		end
	end
	print("RESULT {" .. table.concat(parts, ",") .. "}")
end
