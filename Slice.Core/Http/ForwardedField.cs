namespace Slice.Core.Http;

/// <summary>
/// One field line on its way through us, between client and origin in either direction (RFC 9110 §5). Values hold one byte per
/// char (Latin-1).
/// </summary>
/// <param name="Name">Field name, in the sender's spelling.</param>
/// <param name="Value">Field value without surrounding white space.</param>
public readonly record struct ForwardedField(string Name, string Value);
