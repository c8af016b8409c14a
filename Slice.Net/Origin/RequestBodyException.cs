namespace Slice.Net.Origin;

/// <summary>The client broke off its request body or framed it wrongly. Apart from other I/O errors, so that the origin is not blamed for it.</summary>
internal sealed class RequestBodyException(string message) : IOException(message);
