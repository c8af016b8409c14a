namespace Slice.Core.Http;

/// <summary>How large a response head of the origin may be.</summary>
/// <param name="HeadBytes">
/// Longest head from the first byte of the status line to the empty line, inclusive. 64 KiB is what SocketsHttpHandler allows.
/// </param>
/// <param name="Lines">
/// Most lines between the status line and the empty line, those that are left out included. 4,096 is arbitrary: far above what a server
/// sends, and enough to bound the table.
/// </param>
/// <param name="InterimHeads">
/// Most interim heads before one final head. 100 is arbitrary: a 102 every ten seconds for a quarter of an hour.
/// </param>
public sealed record ResponseHeadLimits(int HeadBytes = 64 << 10, int Lines = 4_096, int InterimHeads = 100);
