namespace Slice.Net.Origin;

/// <summary>
/// The client broke off its request body, was too slow with it, or framed it wrongly. Thrown where a client's bytes are read and nowhere
/// else, so that the origin is never blamed for a client.
/// </summary>
internal sealed class RequestBodyException(string message, Exception? cause = null) : IOException(message, cause);
