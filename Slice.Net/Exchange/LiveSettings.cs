namespace Slice.Net.Exchange;

/// <summary>
/// The settings that the next request takes. A reload replaces them in one assignment; requests under way keep theirs. Thread-safe.
/// </summary>
/// <remarks>
/// There is one set per instance. The only reader is the connection, where a request begins: a table of sets by host and path would be
/// asked there, and no user of <see cref="RequestSettings"/> would notice.
/// </remarks>
internal sealed class LiveSettings(RequestSettings initial)
{
    private RequestSettings _current = initial;

    /// <summary>The settings in force.</summary>
    public RequestSettings Current => Volatile.Read(ref _current);

    /// <summary>Puts other settings in force for every request that begins from now on.</summary>
    public void Replace(RequestSettings settings) => Volatile.Write(ref _current, settings);
}
