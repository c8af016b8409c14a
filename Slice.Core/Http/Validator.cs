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
    /// <summary>Whether the entity tag is strong: equal tags then mean equal bytes (RFC 9110 §8.8.1).</summary>
    public bool HasStrongEntityTag => EntityTag is not null && EntityTag.StartsWith('"');

    /// <summary>Whether there is anything to compare besides the length.</summary>
    public bool IsPresent => EntityTag is not null || LastModified is not null;

    /// <summary>For log lines and messages.</summary>
    public override string ToString() =>
        $"{(EntityTag is null ? "no ETag" : $"ETag {EntityTag}")}, {LastModified ?? "no Last-Modified"}, {CompleteLength} bytes";

    /// <summary>
    /// Whether <paramref name="other"/> can be a part of the same version. Everything that both state must be equal, and what the
    /// first answer stated must not have vanished from a later one: bytes of two versions must never be joined.
    /// </summary>
    public bool IsSameVersion(Validator other)
    {
        if (CompleteLength != other.CompleteLength || EntityTag != other.EntityTag)
        {
            return false;
        }

        // A strong entity tag settles it. Some origins behind a balancer share tags but differ in file dates by a second.
        return HasStrongEntityTag || LastModified == other.LastModified;
    }

    /// <summary>Whether slices fetched at different times may be joined on the strength of it (B25).</summary>
    /// <param name="wanted">What the operator asks for.</param>
    /// <param name="isDateStrong">Whether Last-Modified lies at least a second before Date (RFC 9110 §8.8.2.2).</param>
    public bool AllowsCombining(ValidatorStrength wanted, bool isDateStrong) => wanted switch
    {
        ValidatorStrength.Strict => HasStrongEntityTag || (LastModified is not null && isDateStrong),
        ValidatorStrength.EntityTag => HasStrongEntityTag,
        ValidatorStrength.LastModified => IsPresent,
        _ => true,
    };
}
