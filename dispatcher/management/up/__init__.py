"""Everything on one machine: who starts, watches and ends the processes, and the parts that this machine brings along itself."""
