namespace Slice.Core.Http;

/// <summary>How large a request head may be (B39). The defaults are those of <c>LimitOptions</c>.</summary>
/// <param name="TargetBytes">
/// Longest request-target; 414 above. When it leaves no room within <paramref name="HeadBytes"/> for a method and a version, the
/// head's limit decides.
/// </param>
/// <param name="HeadBytes">Longest head from the first byte of the request line to the empty line, inclusive; 431 above.</param>
/// <param name="FieldLines">Most field lines; 431 above.</param>
public sealed record RequestHeadLimits(int TargetBytes = 8 << 10, int HeadBytes = 32 << 10, int FieldLines = 100);
