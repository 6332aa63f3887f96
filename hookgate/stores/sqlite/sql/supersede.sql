UPDATE tasks INDEXED BY tasks_of_burst
SET status = 'completed', superseded_by = ?1, finished_at = ?2
WHERE source = ?3 AND rule = ?4 AND program = ?5 AND burst_key = ?6 AND burst_key IS NOT NULL
    AND status = 'pending' AND attempts = 0
RETURNING key, blocked, waiting, turn, burst_ends_at
