SELECT id FROM tasks WHERE status = 'running'
