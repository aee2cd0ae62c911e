-- A row of hold is looked at when the first of its seats ends, not the last: who went on holding others
-- kept those that had lapsed from being set free. Rows that are there are left as they are: they are
-- looked at later, and a sweeper of the version before would delete a row that is looked at too soon.

COMMENT ON COLUMN hold.expires_at IS 'no seat ends before: the sweeper looks at the row then';
