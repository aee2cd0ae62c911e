-- GET of one path (BENCH_PATH), with If-None-Match where BENCH_ETAG is not empty.
--
-- There is no response() here, so that wrk does not copy every body: the driver compares the bytes a
-- request with the answer it has seen, and wrk counts statuses over 399 itself.

dofile(os.getenv("BENCH_LUA") .. "/common.lua")

wrk.path = setting("BENCH_PATH")
if setting("BENCH_ETAG") ~= "" then
	wrk.headers["If-None-Match"] = setting("BENCH_ETAG")
end
