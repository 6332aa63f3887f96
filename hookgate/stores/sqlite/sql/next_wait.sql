SELECT min(next_attempt_at) FROM tasks INDEXED BY tasks_waiting
WHERE status = 'pending' AND waiting AND NOT blocked
