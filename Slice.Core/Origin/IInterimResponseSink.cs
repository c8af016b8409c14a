using System.Collections.Immutable;
using Slice.Core.Http;

namespace Slice.Core.Origin;

/// <summary>
/// Where interim responses to one request go (RFC 9110 §15.2): to the one client on whose behalf it is sent. They are never stored and
/// reach nobody who shares the answer. Called by one thread at a time, of whoever reads from the origin.
/// </summary>
public interface IInterimResponseSink
{
    /// <summary>Whether anybody still takes them. Once false, false for ever; then nothing needs to be looked for.</summary>
    bool IsOpen { get; }

    /// <summary>Takes Early Hints (RFC 8297); they are dropped when nobody takes them any more. Must not throw.</summary>
    /// <param name="fields">Every field line as the origin sent it; names are tokens, values have no CR, LF or NUL.</param>
    ValueTask SendEarlyHintsAsync(ImmutableArray<ForwardedField> fields);
}
