using System.Text;

namespace Slice.Core.Caching;

/// <summary>
/// The head of a stored response, ready to be sent: one per object, never per slice. Immutable; a validation makes a new one.
/// </summary>
public sealed class StoredResponse
{
    /// <summary>Makes a stored response of a 200.</summary>
    public StoredResponse(Validator validator, Freshness freshness, byte[] fieldLines, byte[] notModifiedFieldLines, DateTimeOffset? lastModifiedDate, DateTimeOffset? date)
    {
        Validator = validator;
        Freshness = freshness;
        FieldLines = fieldLines;
        NotModifiedFieldLines = notModifiedFieldLines;
        EntityTag = validator.EntityTag is null ? [] : Encoding.Latin1.GetBytes(validator.EntityTag);
        LastModifiedDate = lastModifiedDate;
        Date = date;
    }

    /// <summary>Its status code; 200 for what was fetched in parts.</summary>
    public int Status { get; init; } = 200;

    /// <summary>Whether it must be validated before every use, however fresh: no-cache (RFC 9111 §5.2.2.4).</summary>
    public bool RequiresValidation { get; init; }

    /// <summary>Whether slices fetched at different times may be joined (B25); else it is fetched anew when it is no longer fresh.</summary>
    public bool MayCombine { get; init; } = true;

    /// <summary>How it may be used when it is no longer fresh.</summary>
    public StaleUse Stale { get; init; }

    /// <summary>What identifies its version.</summary>
    public Validator Validator { get; }

    /// <summary>Bytes of the representation.</summary>
    public long CompleteLength => Validator.CompleteLength;

    /// <summary>How long it may be used.</summary>
    public Freshness Freshness { get; }

    /// <summary>
    /// End-to-end field lines as they go to the client, each ended by CRLF. Without those that belong to one answer: Content-Length,
    /// Content-Range, Accept-Ranges, Age. The origin's own Via and Cache-Status stay: ours come after them.
    /// </summary>
    public ReadOnlyMemory<byte> FieldLines { get; }

    /// <summary>The Content-Type field's value; empty when there is none.</summary>
    public string ContentType { get; init; } = "";

    /// <summary>The subset of <see cref="FieldLines"/> that a 304 carries (RFC 9110 §15.4.5).</summary>
    public ReadOnlyMemory<byte> NotModifiedFieldLines { get; }

    /// <summary>The ETag field's value; empty when there is none.</summary>
    public ReadOnlyMemory<byte> EntityTag { get; }

    /// <summary>The Last-Modified field's date; null when there is none that can be read.</summary>
    public DateTimeOffset? LastModifiedDate { get; }

    /// <summary>The Date field's date; null when it cannot be read.</summary>
    public DateTimeOffset? Date { get; }
}
