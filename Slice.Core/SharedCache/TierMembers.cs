using Slice.Core.Objects.Journal;

namespace Slice.Core.SharedCache;

/// <summary>
/// Who shares the tier: each instance has a place of its own in the store, with its name and the news that it has acted on, and renews it.
/// An instance that is gone is seen for <see cref="Lifetime"/> at most, and so is one whose place cannot be read. Not thread-safe but for
/// <see cref="ReadAllAsync"/>.
/// </summary>
/// <param name="values">The store.</param>
/// <param name="names">The keys.</param>
/// <param name="name">Machine and port of this instance.</param>
/// <param name="time">The clock.</param>
internal sealed class TierMembers(TierValues values, TierNames names, string name, TimeProvider time)
{
    /// <summary>
    /// Most instances that see each other: one beyond them is waited for by no PURGE. Arbitrary, above any fleet that we have heard of;
    /// only places up to the last that is taken are looked at.
    /// </summary>
    public const int MaxMembers = 256;

    /// <summary>How long an instance is seen that renews its place no more.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(15);

    // Places that are looked at behind the last one that is taken: those in between are of instances that are gone.
    private const int GapPlaces = 8;
    private static readonly TimeSpan s_renewal = Lifetime / 5;

    private readonly Dictionary<int, (FleetMember Member, long At)> _seen = [];
    private int _place = -1;
    private (long News, long Purges)? _told;
    private long _toldAt;

    /// <summary>What tells this instance from the others.</summary>
    public Guid Id { get; } = Guid.NewGuid();

    /// <summary>Says that this instance is there, and which news it has acted on; does nothing when that was said just now.</summary>
    public async ValueTask TellAsync(long news, long purges, CancellationToken ct)
    {
        if (_told == (news, purges) && time.GetElapsedTime(_toldAt) < s_renewal)
        {
            return;
        }

        var records = Write(news, purges);
        if (await IsOwnAsync(ct) ? await values.SetAsync(LabelAt(_place), records, Lifetime, ct) : await TryTakePlaceAsync(records, ct))
        {
            (_told, _toldAt) = ((news, purges), time.GetTimestamp());
        }
    }

    /// <summary>Gives the place back, unless another instance has it by now.</summary>
    public async ValueTask LeaveAsync(CancellationToken ct)
    {
        if (await IsOwnAsync(ct))
        {
            await values.RemoveAsync(names.InstanceAt(_place), ct);
        }
    }

    /// <summary>The instances that are there, this one among them.</summary>
    public async ValueTask<IReadOnlyList<FleetMember>> ReadAllAsync(CancellationToken ct)
    {
        List<FleetMember> members = [];
        List<FleetMember> unknown = [];
        for (int first = 0, lastTaken = 0; first < MaxMembers && first <= lastTaken + GapPlaces; first += GapPlaces)
        {
            var places = await Task.WhenAll(Enumerable.Range(first, GapPlaces).Select(place => ReadAsync(place, ct).AsTask()));
            for (int index = 0; index < places.Length; index++)
            {
                var (isKnown, member) = places[index];
                if (Remember(first + index, isKnown, member) is { } there)
                {
                    (isKnown ? members : unknown).Add(there);
                    lastTaken = first + GapPlaces;
                }
            }
        }

        // One that has taken another place meanwhile is there once.
        return [.. members, .. unknown.ExceptBy(members.Select(static member => member.Id), static member => member.Id)];
    }

    // Who is at a place that the store does not tell of now, as one of its servers is away: whoever was there a moment ago. He may have
    // heard nothing since.
    private FleetMember? Remember(int place, bool isKnown, FleetMember? member)
    {
        lock (_seen)
        {
            if (isKnown && member is null)
            {
                _seen.Remove(place);
            }
            else if (member is not null)
            {
                _seen[place] = (member, time.GetTimestamp());
            }
            else if (_seen.TryGetValue(place, out var last) && time.GetElapsedTime(last.At) < Lifetime)
            {
                return last.Member;
            }

            return member;
        }
    }

    private async ValueTask<bool> IsOwnAsync(CancellationToken ct) =>
        _place >= 0 && await ReadAsync(_place, ct) is (_, { } holder) && holder.Id == Id;

    private async ValueTask<bool> TryTakePlaceAsync(RecordBuffer records, CancellationToken ct)
    {
        for (int place = 0; place < MaxMembers; place++)
        {
            if (await values.TryAddAsync(LabelAt(place), records, Lifetime, ct))
            {
                _place = place;
                return true;
            }
        }

        return false;
    }

    private RecordBuffer Write(long news, long purges)
    {
        var records = new RecordBuffer();
        records.Bytes(Id.ToByteArray());
        records.Int64(news);
        records.Int64(purges);
        records.Text(name);
        return records;
    }

    private async ValueTask<(bool IsKnown, FleetMember? Member)> ReadAsync(int place, CancellationToken ct)
    {
        var (isKnown, bytes) = await values.GetAsync(LabelAt(place), ct);
        if (bytes is null)
        {
            return (isKnown, null);
        }

        try
        {
            var reader = new RecordReader(bytes);
            var id = TierNewsRecords.ReadId(ref reader);
            var (news, purges) = (reader.Int64(), reader.Int64());
            return (true, new FleetMember(id, reader.Text() ?? "", news, purges));
        }
        catch (InvalidDataException)
        {
            // By a program that writes otherwise under the same version of the envelope.
            return (true, null);
        }
    }

    private TierLabel LabelAt(int place) => new(TierValueKind.Instance, names.InstanceAt(place));
}
