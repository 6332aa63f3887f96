SELECT min(next_attempt_at) FROM tasks INDEXED BY tasks_due WHERE status = 'pending'
