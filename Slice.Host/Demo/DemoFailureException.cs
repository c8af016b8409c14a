namespace Slice.Host.Demo;

/// <summary>The demonstration failed: a byte differs, or a download did not complete. The message is for people.</summary>
internal sealed class DemoFailureException(string message, Exception? inner = null) : Exception(message, inner);
