package onlink

import "context"

// Watch calls changed whenever the interfaces of this machine or their addresses may have changed, until ctx ends. changed must not
// block; one change of a network can lead to several calls. If this system does not tell of changes, or can no longer, Watch returns
// false, and the caller has to look now and again. As long as nothing changes, it costs nothing.
func Watch(ctx context.Context, changed func()) bool { return watch(ctx, changed) }
