-- Texts have checksums, too, so that a damaged one is told and never shown. Rows of before have none (NULL) until they change.
-- CRC-32 over all other columns of the row; of a series over those that never change. src/server/store/sums.rs has the form.
ALTER TABLE board ADD COLUMN sum INTEGER;
ALTER TABLE cell ADD COLUMN sum INTEGER;
ALTER TABLE value ADD COLUMN sum INTEGER;
ALTER TABLE series ADD COLUMN sum INTEGER;
ALTER TABLE reply ADD COLUMN sum INTEGER;
