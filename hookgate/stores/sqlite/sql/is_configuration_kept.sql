SELECT EXISTS (SELECT 1 FROM configurations WHERE digest = ?)
