namespace Slice.Core.Http;

/// <summary>What a stored response offers to compare with (RFC 9110 §8.8); a view over bytes that the caller keeps.</summary>
public readonly ref struct StoredValidators
{
    /// <summary>The value of ETag as stored; empty when there is none.</summary>
    public ReadOnlySpan<byte> EntityTag { get; init; }

    /// <summary>Last-Modified; null when there is none, or one that is no date.</summary>
    public DateTimeOffset? LastModified { get; init; }

    /// <summary>Date of the response that brought the validators; null when there is none.</summary>
    public DateTimeOffset? Date { get; init; }

    /// <summary>
    /// Whether Last-Modified is a strong validator: the origin answered at least one second after it, so that no second change can hide
    /// in the same second (RFC 9110 §8.8.2.2).
    /// </summary>
    public bool IsLastModifiedStrong => LastModified is { } modified && Date is { } date && date - modified >= TimeSpan.FromSeconds(1);
}
