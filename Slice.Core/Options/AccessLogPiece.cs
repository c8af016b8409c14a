namespace Slice.Core.Options;

/// <summary>A part of an <see cref="AccessLogFormat"/>: a text as it stands, or a field.</summary>
/// <param name="Text">The text in UTF-8; empty for a field.</param>
/// <param name="Field">The field; null for a text.</param>
public readonly record struct AccessLogPiece(ReadOnlyMemory<byte> Text, AccessLogField? Field);
