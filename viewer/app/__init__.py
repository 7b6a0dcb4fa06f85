"""The workspace, the jobs and the commands: every use case, without a screen."""
