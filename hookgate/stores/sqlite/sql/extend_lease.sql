-- Fenced: an attempt that has lost its lease cannot have it back.
UPDATE tasks SET lease_until = ? WHERE id = ? AND status = 'running' AND attempts = ?
