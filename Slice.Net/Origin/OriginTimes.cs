namespace Slice.Net.Origin;

/// <summary>
/// How the addresses of the origin have answered lately, for somebody who looks. Told of each try, so of nothing that the cache answers.
/// Thread-safe; bounded.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class OriginTimes(TimeProvider time)
{
    // An origin has at most 16 addresses; those of earlier configurations stay until the process ends. Arbitrary.
    private const int MaxAddresses = 64;

    // The part of the newest answer in the mean: about the last ten answers count. Arbitrary, TCP's own (RFC 6298 §2).
    private const double Weight = 1.0 / 8;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, OriginTime> _byAddress = [];

    /// <summary>Counts a try.</summary>
    public void Add(OriginTry attempt)
    {
        lock (_lock)
        {
            bool isKnown = _byAddress.TryGetValue(attempt.Address, out var known);
            if (!isKnown && _byAddress.Count == MaxAddresses)
            {
                return;
            }

            _byAddress[attempt.Address] = attempt.Failure.IsError ? known with
            {
                Failures = known.Failures + 1,
                LastFailure = attempt.Failure.Detail,
                LastFailureAt = time.GetUtcNow(),
            }
            : known with
            {
                Answers = known.Answers + 1,
                LastStatus = attempt.Status,
                Mean = known.Answers == 0 ? attempt.Duration : known.Mean + ((attempt.Duration - known.Mean) * Weight),
            };
        }
    }

    /// <summary>What is known of an address; all zero for one that was not asked yet.</summary>
    public OriginTime Of(string address)
    {
        lock (_lock)
        {
            return _byAddress.GetValueOrDefault(address);
        }
    }
}
