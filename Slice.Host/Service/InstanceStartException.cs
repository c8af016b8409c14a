namespace Slice.Host.Service;

/// <summary>
/// An instance cannot start for a reason outside of it: a port is taken, a directory is not writable. The message names it.
/// </summary>
internal sealed class InstanceStartException(string message, Exception? inner = null) : IOException(message, inner);
