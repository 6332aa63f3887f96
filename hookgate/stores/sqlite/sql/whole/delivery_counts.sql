SELECT source, count(*) FROM deliveries GROUP BY source
