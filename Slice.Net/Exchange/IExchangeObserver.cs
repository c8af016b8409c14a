namespace Slice.Net.Exchange;

/// <summary>Is told of every exchange, refused ones too. Thread-safe; must neither wait nor throw.</summary>
internal interface IExchangeObserver
{
    /// <summary>A request head is complete, or is being refused. <see cref="Finished"/> follows, once.</summary>
    void Began();

    /// <summary>An exchange has finished. The record is valid during the call only.</summary>
    void Finished(in ExchangeRecord record);

    /// <summary>A client met a limit of its own, <c>connections</c> or <c>requests</c>.</summary>
    void Limited(string limit);
}
