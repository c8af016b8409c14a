using Slice.Core.Origin;

namespace Slice.Core.Fetching;

/// <summary>
/// Whether the requests for one range name the version that they want (<c>If-Match</c>, <c>If-Unmodified-Since</c>). They do until the
/// origin seems to mind: then the validators of its answer tell as much. One per range that is read; one user at a time.
/// </summary>
/// <param name="refusals">What other requests have learned; told what this one learns.</param>
/// <param name="client">Who is asked.</param>
/// <param name="time">The clock.</param>
internal sealed class VersionPin(ConditionRefusals refusals, IOriginClient client, TimeProvider time)
{
    private bool _isDropped;
    private bool _wasRefused;
    private int _failures;

    /// <summary>Whether the next request names the version. Asked again for each: others may have learned meanwhile.</summary>
    public bool IsNamed => !_isDropped && !refusals.Contains(client, time);

    /// <summary>
    /// The answer of the right version has come, and its bytes are still to be read. Remembered now: once they are taken, the next range
    /// may be asked for at once.
    /// </summary>
    public void Answered()
    {
        if (_wasRefused)
        {
            refusals.Add(client, time);
        }
    }

    /// <summary>A request has failed and is to be repeated.</summary>
    /// <param name="failure">How it failed.</param>
    /// <param name="wasNamed">Whether it named the version.</param>
    /// <param name="hasBytes">Whether bytes of its answer were taken.</param>
    /// <param name="isLastTry">Whether the repeat is the last.</param>
    public void Failed(Failure failure, bool wasNamed, bool hasBytes, bool isLastTry)
    {
        // The answer without the condition tells whether the version is still the same.
        bool isOfThePin = wasNamed && FetchErrors.MayBeOfOurRequest(failure.Status);

        // Some refuse a named version by a reset, by silence or by failing. The third try, or the last, goes without.
        bool maySoRefuse = !hasBytes && FetchErrors.MayBeOfThePin(failure);
        _failures += wasNamed && maySoRefuse ? 1 + failure.Repeats : 0;
        _wasRefused = isOfThePin || (wasNamed ? _failures > 1 : _wasRefused && !maySoRefuse);
        _isDropped |= isOfThePin || _failures > 1 || (_failures > 0 && isLastTry);
    }
}
