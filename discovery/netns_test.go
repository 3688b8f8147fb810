package discovery

const helperEnv = "LOCALCHAT_DISCOVERY_HELPER"

func helper(string) error { return nil }
