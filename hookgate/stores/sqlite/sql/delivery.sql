SELECT deliveries.*, snapshot FROM deliveries JOIN configurations USING (digest) WHERE id = ?
