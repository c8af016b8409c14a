namespace Slice.Core.Http;

/// <summary>
/// What tells one version of an object from another (RFC 9110 §8.8): its entity tag, its modification date, and its length.
/// Immutable.
/// </summary>
/// <param name="EntityTag">The ETag field's value as received, or null.</param>
/// <param name="LastModified">The Last-Modified field's value as received, or null.</param>
/// <param name="CompleteLength">Bytes of the representation.</param>
public sealed record Validator(string? EntityTag, string? LastModified, long CompleteLength)
{
    /// <summary>
    /// The codings of the representation (RFC 9110 §8.4), in lower case, in order, joined by commas; null for none. Bytes at the same
    /// positions are others when they are coded otherwise.
    /// </summary>
    public string? ContentCoding { get; init; }

    /// <summary>Whether the entity tag is strong: equal tags then mean equal bytes (RFC 9110 §8.8.1).</summary>
    public bool HasStrongEntityTag => EntityTag is not null && EntityTag.StartsWith('"');

    /// <summary>Whether there is anything to compare besides the length.</summary>
    public bool IsPresent => EntityTag is not null || LastModified is not null;

    /// <summary>For log lines and messages.</summary>
    public override string ToString() =>
        $"{(EntityTag is null ? "no ETag" : $"ETag {EntityTag}")}, {LastModified ?? "no Last-Modified"}, {CompleteLength} bytes"
        + (ContentCoding is null ? "" : $" of {ContentCoding}");

    /// <summary>
    /// Whether <paramref name="other"/> can be a part of the same version. Everything that both state must be equal, and what the
    /// first answer stated must not have vanished from a later one: bytes of two versions must never be joined.
    /// </summary>
    public bool IsSameVersion(Validator other)
    {
        if (CompleteLength != other.CompleteLength || EntityTag != other.EntityTag || ContentCoding != other.ContentCoding)
        {
            return false;
        }

        // A strong entity tag settles it. Some origins behind a balancer share tags but differ in file dates by a second.
        return HasStrongEntityTag || LastModified == other.LastModified;
    }

    /// <summary>
    /// What of it is compared, and sent as a condition on the version: without the tag where the operator goes by the date, without both
    /// where by the length. A version that has no date keeps its tag: there is nothing else to go by.
    /// </summary>
    public Validator For(ValidatorStrength wanted) => wanted switch
    {
        ValidatorStrength.LastModified when LastModified is not null => this with { EntityTag = null },
        ValidatorStrength.Length => this with { EntityTag = null, LastModified = null },
        _ => this,
    };

    /// <summary>As <see cref="IsSameVersion(Validator)"/>, by what the operator goes by.</summary>
    public bool IsSameVersion(Validator other, ValidatorStrength wanted) => For(wanted).IsSameVersion(other.For(wanted));

    /// <summary>Whether an answer with an equal validator is the same version, for all that the operator wants to know.</summary>
    public bool IsProof(ValidatorStrength wanted) => wanted == ValidatorStrength.Length || For(wanted).IsPresent;

    /// <summary>
    /// The codings that a Content-Encoding value names, as <see cref="ContentCoding"/> has them; null for none. <c>identity</c> is none,
    /// though it has no business there, and an empty list names none.
    /// </summary>
    /// <param name="contentEncoding">All lines of the field, combined; null when it is absent.</param>
    public static string? CodingOf(string? contentEncoding)
    {
        if (contentEncoding is null)
        {
            return null;
        }

        var codings = contentEncoding.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(coding => coding.ToLowerInvariant())
            .Where(coding => coding != "identity");
        string joined = string.Join(',', codings);

        // A million objects have one of few.
        return joined.Length == 0 ? null : joined is "gzip" ? "gzip" : joined is "br" ? "br" : joined is "zstd" ? "zstd" : joined;
    }

    /// <summary>Whether slices fetched at different times may be joined on the strength of it (B25).</summary>
    /// <param name="wanted">What the operator asks for.</param>
    /// <param name="isDateStrong">Whether Last-Modified lies at least a second before Date (RFC 9110 §8.8.2.2).</param>
    /// <param name="isOfItsSecond">
    /// Whether Last-Modified is of the second of Date. Many servers make the tag of the date and the length: until that second is over, the
    /// object may change once more and keep both.
    /// </param>
    public bool AllowsCombining(ValidatorStrength wanted, bool isDateStrong, bool isOfItsSecond) => wanted switch
    {
        ValidatorStrength.Strict => (HasStrongEntityTag && !isOfItsSecond) || (LastModified is not null && isDateStrong),
        ValidatorStrength.EntityTag => HasStrongEntityTag,
        ValidatorStrength.LastModified => IsPresent,
        _ => true,
    };
}
