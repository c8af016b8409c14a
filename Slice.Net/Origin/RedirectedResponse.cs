using System.Collections.Frozen;
using System.Collections.Immutable;
using Slice.Core.Http;
using Slice.Core.Origin;

namespace Slice.Net.Origin;

/// <summary>The response of a host that a redirect has led to, as the answer to the first target.</summary>
/// <param name="response">The response, which passes to this one.</param>
/// <param name="vary">Vary of the redirects that led there: which place they led to depended on those fields.</param>
internal sealed class RedirectedResponse(OriginResponse response, IReadOnlyList<ForwardedField> vary) : OriginResponse
{
    // What a host says of itself, or to whom it has just answered: under the first name it would be said of another host.
    private static readonly FrozenSet<string> s_ofItsHost = FrozenSet.ToFrozenSet(
        [
            "Set-Cookie", "Content-Location", "Alt-Svc", "Strict-Transport-Security", "Clear-Site-Data", "NEL", "Report-To",
            "Reporting-Endpoints",
        ],
        StringComparer.OrdinalIgnoreCase);

    private ImmutableArray<ForwardedField> _fields;

    /// <inheritdoc/>
    public override string? Origin => response.Origin;

    /// <inheritdoc/>
    public override int Status => response.Status;

    /// <inheritdoc/>
    public override string ReasonPhrase => response.ReasonPhrase;

    /// <inheritdoc/>
    public override ImmutableArray<ForwardedField> Fields => _fields.IsDefault
        ? _fields = [.. response.Fields.Where(static line => !s_ofItsHost.Contains(line.Name)), .. vary]
        : _fields;

    /// <inheritdoc/>
    public override long ContentLength => response.ContentLength;

    /// <inheritdoc/>
    public override bool HasMarkedEnd => response.HasMarkedEnd;

    /// <inheritdoc/>
    public override ValueTask<BodyRead> ReadAsync(Memory<byte> buffer) => response.ReadAsync(buffer);

    /// <inheritdoc/>
    public override int ReadBuffered(Span<byte> buffer) => response.ReadBuffered(buffer);

    /// <inheritdoc/>
    public override void LimitTotalTime() => response.LimitTotalTime();

    /// <inheritdoc/>
    public override void CutWhenStill() => response.CutWhenStill();

    /// <inheritdoc/>
    public override void Abort() => response.Abort();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing) => response.Dispose();
}
