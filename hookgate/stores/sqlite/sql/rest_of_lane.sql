SELECT priority, turn, arrival FROM tasks INDEXED BY tasks_ready
WHERE source = ? AND program = ? AND status = 'pending' AND NOT waiting AND NOT blocked
ORDER BY priority DESC, turn, arrival
LIMIT ? OFFSET 1
