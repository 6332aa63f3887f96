SELECT count(*) FROM (
    SELECT 1 FROM tasks WHERE key IS NOT NULL AND status IN ('pending', 'running')
    GROUP BY source, key HAVING sum(NOT blocked) <> 1
)
